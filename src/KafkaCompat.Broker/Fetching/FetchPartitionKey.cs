using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Fetching;

/// <summary>Names a partition inside a session: by id from version 13 on, by name before.</summary>
internal readonly record struct FetchPartitionKey(Uuid TopicId, string? Topic, int Index);
