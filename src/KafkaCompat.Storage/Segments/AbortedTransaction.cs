namespace KafkaCompat.Storage.Segments;

/// <summary>
/// An aborted transaction of one partition: its producer, its first offset, its marker's offset, and the last stable offset
/// once it was aborted: the first offset of the oldest transaction that was then still open.
/// </summary>
public readonly record struct AbortedTransaction(long ProducerId, long FirstOffset, long LastOffset, long LastStableOffset);
