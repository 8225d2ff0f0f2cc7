using System.Globalization;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Configs;

/// <summary>A topic of <c>kafkacompat.topics</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">How many partitions it gets; null for num.partitions.</param>
public sealed record InitialTopic(string Name, int? Partitions)
{
    /// <summary>Reads <c>orders:3,audit:1,log</c>; the second value says everything that is wrong with it, and is null where nothing is.</summary>
    public static (IReadOnlyList<InitialTopic> Topics, IReadOnlyList<string>? Problems) Parse(string text)
    {
        var topics = new List<InitialTopic>();
        var problems = new List<string>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = entry.IndexOf(':', StringComparison.Ordinal);
            var topic = new InitialTopic(colon < 0 ? entry : entry[..colon].Trim(), colon < 0 ? null : PartitionsOf(entry[(colon + 1)..]));
            if (colon >= 0 && topic.Partitions is null)
                problems.Add($"{entry} does not say how many partitions. Write {(topic.Name.Length == 0 ? "orders" : topic.Name)}:3");
            if (TopicNames.Check(topic.Name) is { } problem) problems.Add(problem);
            else if (topic.Name == InternalTopics.ClusterMetadata || InternalTopics.Contains(topic.Name))
                problems.Add($"Brokers make the topic {topic.Name} for themselves");
            else if (topics.Exists(other => other.Name == topic.Name)) problems.Add($"{topic.Name} is named twice");
            topics.Add(topic);
        }

        return problems.Count == 0 ? (topics, null) : ([], problems);
    }

    private static int? PartitionsOf(string text) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1 ? count : null;
}
