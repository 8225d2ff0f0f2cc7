namespace KafkaCompat.Protocol.Records;

/// <summary>A header to be written with a record. The value may be null.</summary>
public readonly record struct RecordHeader(byte[] Key, byte[]? Value);
