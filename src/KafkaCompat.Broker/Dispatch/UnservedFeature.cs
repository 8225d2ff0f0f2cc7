namespace KafkaCompat.Broker.Dispatch;

/// <summary>A part of Kafka that clients can ask for and that is not served yet.</summary>
/// <param name="Name">What it is called, as a person would look for it.</param>
/// <param name="Advice">What to do instead.</param>
public sealed record UnservedFeature(string Name, string Advice)
{
    public static UnservedFeature Transactions { get; } = new("transactions", "A producer without transactional.id is served, and is idempotent.");

    public static UnservedFeature ConsumerProtocol { get; } = new("the consumer group protocol", "Set group.protocol=classic in the client.");

    public static UnservedFeature ShareGroups { get; } = new("share groups", "Use a consumer group.");

    public static UnservedFeature StreamsProtocol { get; } = new("the streams group protocol", "Set group.protocol=classic in the application.");

    /// <summary>The text of the answer, if an answer has room for one.</summary>
    public string Message { get; } = $"This broker does not serve {Name} yet. {Advice}";
}
