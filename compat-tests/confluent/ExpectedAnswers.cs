using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace KafkaCompat.Compat.Confluent;

/// <summary>
/// Apache Kafka's answers, as recorded in expected.json. Both brokers are held to them, Apache Kafka too wherever it can run, so that the record
/// cannot go stale unseen. COMPAT_RECORD names a file to which Apache Kafka's answers of this run are added instead.
/// </summary>
internal static class ExpectedAnswers
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static string? RecordingTo => Environment.GetEnvironmentVariable("COMPAT_RECORD") is { Length: > 0 } file ? file : null;

    public static void Check(string scenario, object answer)
    {
        var expected = Read(Path.Combine(AppContext.BaseDirectory, "expected.json"))[scenario];
        Assert.Equal(expected?.ToJsonString(Indented), JsonSerializer.SerializeToNode(answer)!.ToJsonString(Indented), ignoreLineEndingDifferences: true);
    }

    public static void Record(string scenario, object answer)
    {
        var all = Read(RecordingTo!);
        all[scenario] = JsonSerializer.SerializeToNode(answer);
        File.WriteAllText(RecordingTo!, all.ToJsonString(Indented) + "\n");
    }

    private static JsonObject Read(string file) => File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsObject() : [];
}
