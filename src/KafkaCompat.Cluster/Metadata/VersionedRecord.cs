using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>A record together with the version it is written in.</summary>
public readonly record struct VersionedRecord(IRecord Message, short Version);
