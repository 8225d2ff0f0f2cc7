namespace KafkaCompat.Broker.Configs;

/// <summary>Where the value of a topic's setting comes from.</summary>
public enum TopicConfigOrigin
{
    Default,
    Broker,
    Topic,
}
