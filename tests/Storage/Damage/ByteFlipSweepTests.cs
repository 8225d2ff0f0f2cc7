using KafkaCompat.Storage.Tests.DataDirectories;
using Xunit;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>
/// One bit after another of a directory's files is changed: batch headers, records, indexes, producer snapshots and checkpoints. After each the directory is
/// opened, and everything is asked for.
/// </summary>
public sealed class ByteFlipSweepTests(ITestOutputHelper output)
{
    private const int Seed = 20261129;

    /// <summary>Flips of each archive's log.</summary>
    private const int FlipsOfAnArchive = 150;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NoFlipMakesAnotherRecordOfOne(bool clean) => await Sweep(await SmallDirectory.Make(clean), flips: int.MaxValue, minFlips: 2_000);

    [Theory]
    [InlineData("transactions", true)]
    [InlineData("transactions", false)]
    [InlineData("compacted", true)]
    [InlineData("compacted", false)]
    [InlineData("unclean", false)]
    public async Task NorDoesOneInALogOfKafkas(string name, bool clean)
    {
        using var archive = new ReferenceArchive(name);
        // The smallest logs that have something of everything.
        var folders = archive.LogDirectories().SelectMany(static directory => Directory.GetDirectories(directory.Path))
            .Where(static folder => !Path.GetFileName(folder).StartsWith("__cluster", StringComparison.Ordinal))
            .OrderByDescending(static folder => Directory.GetFiles(folder, "*.txnindex").Length > 0)
            .ThenBy(static folder => Directory.EnumerateFiles(folder).Sum(static file => new FileInfo(file).Length))
            .Where(static folder => Directory.EnumerateFiles(folder, "*.log").Sum(static file => new FileInfo(file).Length) > 500).Take(2).ToList();
        Assert.NotEmpty(folders);
        foreach (var folder in folders)
            await Sweep(await SmallDirectory.Of(folder, clean), FlipsOfAnArchive, minFlips: 1);
    }

    private async Task Sweep(SmallDirectory directory, int flips, int minFlips)
    {
        var random = new Random(Seed);
        var places = Places(directory, flips == int.MaxValue).ToList();
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(places));
        var wrong = new List<string>();
        int tried = 0, refused = 0, repaired = 0, errors = 0;
        foreach ((var path, var position) in places.Take(flips))
        {
            var flipped = new FlippedDirectory(directory, path, position, random.Next(8));
            try
            {
                await flipped.Run();
            }
            catch (Exception unhandled) when (unhandled is not OutOfMemoryException)
            {
                wrong.Add($"{path}, byte {position}: opening ends in {unhandled}");
            }
            wrong.AddRange(flipped.Wrong);
            tried++;
            refused += flipped.IsRefused ? 1 : 0;
            repaired += flipped.Repairs > 0 ? 1 : 0;
            errors += flipped.Errors > 0 ? 1 : 0;
        }
        output.WriteLine($"seed {Seed}: {tried} flips, {refused} refused, {repaired} repaired, {errors} answered with an error somewhere");
        Assert.True(wrong.Count == 0, $"{wrong.Count}:\n" + string.Join('\n', wrong.Take(40)));
        Assert.True(tried >= minFlips, $"There are {tried} bytes to change.");
    }

    /// <summary>Every byte; of the records, which clients check by the checksum that is among the headers, a few.</summary>
    private static IEnumerable<(string Path, int Position)> Places(SmallDirectory directory, bool fewRecords)
    {
        foreach ((var path, var bytes) in directory.Files.OrderBy(static file => file.Key, StringComparer.Ordinal))
        {
            if (!path.EndsWith(".log", StringComparison.Ordinal) || !fewRecords)
            {
                for (var i = 0; i < bytes.Length; i++)
                    yield return (path, i);
                continue;
            }
            for (var at = 0; at < bytes.Length;)
            {
                var header = Batches.Header(bytes[at..]);
                for (var i = 0; i < Protocol.Records.RecordBatchHeader.Size + 4; i++)
                    yield return (path, at + i);
                at += header.SizeInBytes;
            }
        }
    }
}
