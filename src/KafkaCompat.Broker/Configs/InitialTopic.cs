using System.Globalization;
using KafkaCompat.Cluster.Controller;

namespace KafkaCompat.Broker.Configs;

/// <summary>A topic of <c>kafkacompat.topics</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">How many partitions it gets; null for num.partitions.</param>
public sealed record InitialTopic(string Name, int? Partitions)
{
    /// <summary>Reads <c>orders:3,audit:1,log</c>; the second value says what is wrong with it.</summary>
    public static (IReadOnlyList<InitialTopic> Topics, string? Problem) Parse(string text)
    {
        var topics = new List<InitialTopic>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = entry.IndexOf(':', StringComparison.Ordinal);
            var name = colon < 0 ? entry : entry[..colon].Trim();
            int? partitions = null;
            if (colon >= 0)
            {
                if (!int.TryParse(entry.AsSpan(colon + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1)
                {
                    return ([], $"{entry} does not say how many partitions; write {(name.Length == 0 ? "orders" : name)}:3");
                }

                partitions = count;
            }

            if (TopicNames.Check(name) is { } problem) return ([], problem);
            if (name == TopicNames.ClusterMetadata || TopicNames.IsInternal(name)) return ([], $"{name} is a topic that brokers make for themselves");
            if (topics.Exists(topic => topic.Name == name)) return ([], $"{name} stands twice");
            topics.Add(new InitialTopic(name, partitions));
        }

        return (topics, null);
    }
}
