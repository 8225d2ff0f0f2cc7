namespace KafkaCompat.Protocol.Records;

/// <summary>A header to be written with a record.</summary>
public readonly record struct RecordHeader(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte>? Value);
