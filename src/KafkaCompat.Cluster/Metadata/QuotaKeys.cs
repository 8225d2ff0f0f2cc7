namespace KafkaCompat.Cluster.Metadata;

/// <summary>The limits that a <see cref="QuotaEntity"/> can have: the first four those of users and clients, the last those of addresses.</summary>
public static class QuotaKeys
{
    /// <summary>Bytes a second of Produce requests.</summary>
    public const string ProducerByteRate = "producer_byte_rate";

    /// <summary>Bytes a second of Fetch responses.</summary>
    public const string ConsumerByteRate = "consumer_byte_rate";

    /// <summary>Time of handlers, as a percentage of one thread.</summary>
    public const string RequestPercentage = "request_percentage";

    /// <summary>Partitions created and deleted a second.</summary>
    public const string ControllerMutationRate = "controller_mutation_rate";

    /// <summary>Connections a second.</summary>
    public const string ConnectionCreationRate = "connection_creation_rate";
}
