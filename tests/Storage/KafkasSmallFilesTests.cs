using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>
/// Checkpoints, partition.metadata and the mark of a clean stop, as Kafka writes them and mutated: what Kafka takes is taken, what it refuses is refused.
/// </summary>
public sealed class KafkasSmallFilesTests
{
    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    public KafkasSmallFilesTests() => _files.CreateFolder("/d");

    [Fact]
    public void OffsetsAreReadAsKafkaReadsThem() => SmallFileVerdicts.Compare("offsets", content => Verdict("offsets", content, path =>
        Listed(OffsetCheckpoint.Read(_files, path)
            .Select(static pair => $"{SmallFileVerdicts.Text(pair.Key.Topic)} {pair.Key.Partition} {pair.Value}").Order(StringComparer.Ordinal))));

    /// <summary>A file of zeros is one that a power cut took before it was synced: it is none, and no record needed it.</summary>
    [Fact]
    public void EpochsAreReadAsKafkaReadsThem() => SmallFileVerdicts.Compare("epochs", content => Verdict(LeaderEpochCache.FileName, content, _ =>
        Listed(LeaderEpochCache.Open(new LogEnvironment(_files, TimeProvider.System, new Random(1)), "/d").Entries()
            .Select(static entry => $"{entry.Epoch} {entry.StartOffset}"))),
        static (content, kafkas, ours) => kafkas == SmallFileVerdicts.Refused && ours == "[]" && content.AsSpan().IndexOfAnyExcept('\0') < 0);

    /// <summary>A file that a power cut tore is none: no record was on the disk before it.</summary>
    [Fact]
    public void TheTopicIdIsReadAsKafkaReadsIt() => SmallFileVerdicts.Compare(
        "partition.metadata",
        content => Verdict(PartitionMetadataFile.FileName, content, _ => PartitionMetadataFile.Read(_files, "/d")?.ToString() ?? "torn"),
        static (_, kafkas, ours) => kafkas == SmallFileVerdicts.Refused && ours == "torn");

    [Fact]
    public void TheMarkIsReadAsKafkaReadsIt() => SmallFileVerdicts.Compare("clean", content => Verdict(CleanShutdownMarker.FileName, content, _ =>
        CleanShutdownMarker.TryRead(_files, "/d", out var epoch) ? $"{epoch}" : "absent"));

    private string Verdict(string name, byte[] content, Func<string, string> read)
    {
        var path = "/d/" + name;
        _files.WriteAtomically(path, content);
        try
        {
            return read(path);
        }
        catch (LogCorruptionException)
        {
            return SmallFileVerdicts.Refused;
        }
    }

    private static string Listed(IEnumerable<string> entries) => $"[{string.Join(";", entries)}]";
}
