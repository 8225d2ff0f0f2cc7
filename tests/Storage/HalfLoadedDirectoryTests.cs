using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>A start that cannot open all logs of a directory.</summary>
public sealed class HalfLoadedDirectoryTests
{
    private readonly FixedClock _clock = new(Batches.StartMs);

    /// <summary>A log that is open keeps no file open; one that is being opened does, and its last file is its time index.</summary>
    [Theory]
    [InlineData(".log", 1)]
    [InlineData(".index", 1)]
    [InlineData(".index", 2)]
    [InlineData(".timeindex", 2)]
    public async Task Takes_over_no_log_and_leaves_no_file_open_when_one_cannot_be_opened(string suffix, int time)
    {
        var counted = new CountedFileStore(new ForgetfulFileStore(_clock));
        var files = new HookedFileStore(counted);
        using (var directory = Open(files))
        {
            foreach (var topic in (string[])["a", "b", "c", "d"])
                _ = directory.Create(new TopicPartition(topic, 0), new Uuid(1, 1), LogSettings.Default).Append(Batches.Plain(0, 10));
        }
        using (var whole = Open(files))
        {
            await Load(whole);
            Assert.Equal(4, whole.Count);
        }
        Assert.Equal(0, counted.OpenFiles);
        var asked = 0;
        files.Before = (operation, path) =>
        {
            if (operation != nameof(IFileStore.Open) || !path.StartsWith("/data/c-0", StringComparison.Ordinal)) return;
            if (!path.EndsWith(suffix, StringComparison.Ordinal)) return;
            if (++asked == time) throw new IOException("Input/output error");
        };
        using var half = Open(files);
        _ = await Assert.ThrowsAnyAsync<IOException>(() => Load(half));
        Assert.Equal(time, asked);
        Assert.Equal(0, half.Count);
        Assert.Equal(0, counted.OpenFiles);
    }

    private static Task Load(LogDirectory directory) => directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default, threads: 2);

    private LogDirectory Open(IFileStore files) => LogDirectory.Open(new LogEnvironment(files, _clock, new Random(1)), "/data");
}
