using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>
/// Logs are closed side by side, and each needs descriptors for it before it gives its own back. A stop is an orderly one with as many as one log needs.
/// </summary>
public sealed class StopWithoutDescriptorsTests
{
    private static readonly Dictionary<TopicPartition, long> NoHighWatermarks = [];

    private readonly FixedClock _clock = new(Batches.StartMs);

    /// <summary>The most that one log has open at a time when it closes: its segment, two indexes, and one file that it writes.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(16)]
    public async Task ADirectoryIsClosedCleanlyWithFewDescriptors(int left)
    {
        var files = new CountedFileStore(new ForgetfulFileStore(_clock));
        using var directory = await Opened(files, 40);
        files.MaxOpen = files.OpenFiles + left;
        await directory.CloseCleanly(1, NoHighWatermarks);
        Assert.False(directory.Health.IsFailed);
        await AssertClean(files, 40);
    }

    /// <summary>Whichever file of a log it is that is refused once.</summary>
    [Fact]
    public async Task AnyFileOfALogMayLackADescriptorOnce()
    {
        var hasFailed = true;
        for (var failing = 1; hasFailed; failing++)
        {
            Assert.InRange(failing, 1, 100);
            var files = new HookedFileStore(new ForgetfulFileStore(_clock));
            using var directory = await Opened(files, 3);
            var asked = 0;
            hasFailed = false;
            files.Before = (operation, path) =>
            {
                if (operation is not (nameof(IFileStore.Open) or nameof(IFileStore.SyncFolder)) || !path.Contains("/t-", StringComparison.Ordinal)
                    || Interlocked.Increment(ref asked) != failing)
                {
                    return;
                }

                hasFailed = true;
                throw HookedFileStore.TooManyOpenFiles();
            };
            await directory.CloseCleanly(1, NoHighWatermarks);
            Assert.False(directory.Health.IsFailed);
            files.Before = null;
            await AssertClean(files, 3);
        }
    }

    private async Task<LogDirectory> Opened(IFileStore files, int logs)
    {
        var directory = LogDirectory.Open(Environment(files), "/data");
        await directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default);
        for (var i = 0; i < logs; i++)
        {
            var log = directory.Create(new TopicPartition("t", i), new Uuid(7, 9), LogSettings.Default with { IndexIntervalBytes = 1 });
            for (var sequence = 0; sequence < 3; sequence++)
                log.Append(Batches.Produced(sequence, 7, 0, sequence, timestamp: Batches.StartMs + sequence));
        }
        return directory;
    }

    private async Task AssertClean(IFileStore files, int logs)
    {
        using var again = LogDirectory.Open(Environment(files), "/data");
        Assert.True(again.WasClosedCleanly);
        await again.LoadAll(static (_, _) => true, static _ => LogSettings.Default);
        Assert.Equal(logs, again.Logs.Count());
        Assert.All(again.Logs, static log => Assert.Equal((3L, 3L), (log.LogEndOffset, log.RecoveryPoint)));
        Assert.All(again.Logs, static log => Assert.Equal(3, Assert.Single(log.Producers.Describe()).LastSequence + 1));
    }

    private LogEnvironment Environment(IFileStore files) => new(files, _clock, new Random(1)) { DiskThreads = new PoolThreads() };

    private sealed class PoolThreads : IWorkThreads
    {
        public Task Run(Action work) => Task.Run(work);
    }
}
