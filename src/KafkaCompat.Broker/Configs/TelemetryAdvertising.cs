namespace KafkaCompat.Broker.Configs;

/// <summary>When it is advertised to clients that they can push their metrics.</summary>
public enum TelemetryAdvertising
{
    /// <summary>While there is a subscription: else nobody would take anything, and librdkafka's clients print a line about it.</summary>
    Subscribed,

    /// <summary>Always, so that clients which are connected already hear of the first subscription.</summary>
    Always,

    /// <summary>Never, and nothing of it is served, as in Apache Kafka without a plug-in that takes what clients push.</summary>
    Off,
}
