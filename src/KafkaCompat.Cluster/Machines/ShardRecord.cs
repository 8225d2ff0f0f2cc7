using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Machines;

/// <summary>
/// A record of an internal topic that a coordinator keeps: a typed key, and a typed value or null for a tombstone. In bytes the key is an int16 type and the
/// message in version 0, the value an int16 version and the message. Which version of a value is written is its machine's to say.
/// </summary>
public readonly record struct ShardRecord(short KeyType, IMessage Key, short ValueVersion, IMessage? Value);
