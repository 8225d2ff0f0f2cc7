namespace KafkaCompat.Broker.Fetching;

/// <summary>The isolation levels of Fetch and ListOffsets (KIP-98).</summary>
internal static class IsolationLevels
{
    public const sbyte ReadUncommitted = 0;

    public const sbyte ReadCommitted = 1;

    /// <summary>False for a number that is no level; Kafka fails over such a request and answers UNKNOWN_SERVER_ERROR.</summary>
    public static bool IsKnown(sbyte level) => level is ReadUncommitted or ReadCommitted;
}
