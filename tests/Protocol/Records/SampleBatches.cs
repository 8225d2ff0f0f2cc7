using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Protocol.Tests.Records;

/// <summary>The rows of the reference tables that are checked in, so that the tests stand without the reference folder.</summary>
internal static class SampleBatches
{
    public static IEnumerable<IReadOnlyDictionary<string, string>> Table(string name)
    {
        var lines = File.ReadLines(Path.Combine(KafkaReference.RepositoryRoot, "tests", "Protocol", "Records", "Samples", name))
            .Select(line => line.Split('\t')).ToList();
        return lines.Skip(1).Select(cells => lines[0].Zip(cells).ToDictionary(cell => cell.First, cell => cell.Second));
    }
}
