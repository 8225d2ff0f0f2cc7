using System.Globalization;
using System.Text;

namespace KafkaCompat.Testing;

/// <summary>A topic to create. A text is a topic of that name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">How many partitions; 0 is the broker's default.</param>
public sealed record BrokerTopic(string Name, int Partitions = 0)
{
    /// <summary>Settings of the topic, such as <c>retention.ms</c>.</summary>
    public IReadOnlyDictionary<string, string> Configs { get; init; } = new Dictionary<string, string>();

    private bool PrintMembers(StringBuilder text)
    {
        _ = text.Append("Name = ").Append(Name).Append(CultureInfo.InvariantCulture, $", Partitions = {Partitions}");
        if (Configs.Count > 0) _ = text.Append(", Configs = ").AppendJoin(", ", Configs.Select(static config => $"{config.Key}={config.Value}"));
        return true;
    }

    /// <summary>A topic with the broker's defaults.</summary>
    public static implicit operator BrokerTopic(string name) => FromString(name);

    /// <summary>A topic with the broker's defaults.</summary>
    public static BrokerTopic FromString(string name) => new(name);
}
