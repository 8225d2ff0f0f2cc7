namespace KafkaCompat.Storage.Producers;

/// <summary>Why a producer's batch is refused. The values are Kafka's error codes.</summary>
public enum ProducerFault : short
{
    None = 0,
    OutOfOrderSequenceNumber = 45,
    InvalidProducerEpoch = 47,
    InvalidTxnState = 48,
    TransactionCoordinatorFenced = 52,
}

/// <summary>What a partition says to a batch of an idempotent or transactional producer: good, refused, or written before.</summary>
public readonly record struct ProducerVerdict(ProducerFault Fault, string? Message, ProducerBatch? Duplicate)
{
    public static ProducerVerdict Good => default;

    public bool IsGood => Fault == ProducerFault.None && Duplicate is null;
}
