using Xunit;

namespace KafkaCompat.Storage.Tests.DataDirectories;

/// <summary>
/// Opens every data directory that Apache Kafka left in the reference and compares what the logs hold with what Kafka itself served from a copy: each record,
/// the bytes of a fetch, offsets by time, epochs, producers. What Kafka appended while it opened the copy is not in the archive: such a partition is
/// compared up to there.
/// </summary>
public sealed class DataDirectoryTests(ITestOutputHelper output)
{
    public static IEnumerable<TheoryDataRow<string>> Archives() => ReferenceArchive.Names().Select(static name => new TheoryDataRow<string>(name));

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Archives))]
    public void ServesWhatKafkaServes(string name)
    {
        using var archive = new ReferenceArchive(name);
        if (!archive.Started)
        {
            new RefusedDirectory(archive).Check();
            return;
        }
        var comparison = new ServedComparison(archive);
        comparison.Run();
        output.WriteLine(comparison.Summary);
        Assert.True(comparison.Differences.Count == 0, string.Join('\n', comparison.Differences.Take(40)));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Archives))]
    public async Task ServesTheSameAfterACleanCloseOfOurs(string name)
    {
        using var archive = new ReferenceArchive(name);
        if (!archive.Started)
            return;
        await new ServedComparison(archive).CloseCleanly();
        var comparison = new ServedComparison(archive);
        comparison.Run();
        Assert.True(comparison.Differences.Count == 0, string.Join('\n', comparison.Differences.Take(40)));
    }
}
