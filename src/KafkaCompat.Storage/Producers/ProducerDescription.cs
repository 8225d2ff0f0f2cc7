namespace KafkaCompat.Storage.Producers;

/// <summary>A producer as DescribeProducers shows it.</summary>
public readonly record struct ProducerDescription(
    long ProducerId, short Epoch, int LastSequence, long LastTimestamp, int CoordinatorEpoch, long CurrentTransactionFirstOffset);

/// <summary>A transaction of one partition that its marker has ended.</summary>
internal readonly record struct CompletedTransaction(long ProducerId, long FirstOffset, long LastOffset, bool IsAborted);
