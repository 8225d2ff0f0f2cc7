namespace KafkaCompat.Cluster.Controller;

/// <summary>What the controller must know of topic configs; the settings of the node stand behind it.</summary>
public interface ITopicConfigRules
{
    /// <summary>What is wrong with the configs of a topic, in Kafka's words; null where nothing is.</summary>
    string? Check(IReadOnlyDictionary<string, string> configs);

    /// <summary>All settings in force for a topic with configs of its own, by name. <paramref name="clusterDefaults"/> are those set for all brokers.</summary>
    IReadOnlyList<TopicConfigValue> Describe(IReadOnlyDictionary<string, string> configs, IReadOnlyDictionary<string, string> clusterDefaults);
}
