namespace KafkaCompat.Protocol.Compression;

/// <summary>The codec of a batch as the lowest three bits of its attributes name it. 5 to 7 are nobody's.</summary>
public enum CompressionType : byte
{
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}
