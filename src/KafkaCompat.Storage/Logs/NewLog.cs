using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>A partition that a log is to be made for.</summary>
/// <param name="Partition">Its topic and number.</param>
/// <param name="TopicId">What <c>partition.metadata</c> will say.</param>
/// <param name="Settings">What the log obeys.</param>
/// <param name="LeaderEpoch">The epoch in which it is led here from the start; -1 where it is not.</param>
public readonly record struct NewLog(TopicPartition Partition, Uuid TopicId, LogSettings Settings, int LeaderEpoch);
