using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>What a topic's settings say about batches that are produced to it. The defaults are Kafka's.</summary>
public sealed record ProduceSettings
{
    /// <summary><c>message.timestamp.type</c></summary>
    public TimestampType TimestampType { get; init; } = TimestampType.CreateTime;

    /// <summary><c>message.timestamp.before.max.ms</c></summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary><c>message.timestamp.after.max.ms</c></summary>
    public long TimestampAfterMaxMs { get; init; } = 3_600_000;

    /// <summary><c>max.message.bytes</c>: of a batch as it arrives, and again as it is stored when that is another.</summary>
    public int MaxMessageBytes { get; init; } = 1_048_588;

    /// <summary><c>max.decompressed.message.bytes</c>: of one record of a compressed batch.</summary>
    public int MaxDecompressedMessageBytes { get; init; } = 2_147_483_639;

    /// <summary><c>segment.bytes</c>: a batch has to fit into a segment.</summary>
    public int SegmentBytes { get; init; } = int.MaxValue;

    /// <summary><c>compression.type</c>; null is "producer": as it came.</summary>
    public CompressionType? Codec { get; init; }

    /// <summary><c>compression.gzip.level</c></summary>
    public int GzipLevel { get; init; } = CompressionCodecs.GzipDefaultLevel;

    /// <summary><c>compression.lz4.level</c></summary>
    public int Lz4Level { get; init; } = CompressionCodecs.Lz4DefaultLevel;

    /// <summary><c>compression.zstd.level</c></summary>
    public int ZstdLevel { get; init; } = CompressionCodecs.ZstdDefaultLevel;

    /// <summary>Whether <c>cleanup.policy</c> has "compact": each record then needs a key.</summary>
    public bool RequiresKeys { get; init; }

    internal int LevelOf(CompressionType codec) => codec switch
    {
        CompressionType.Gzip => GzipLevel,
        CompressionType.Lz4 => Lz4Level,
        CompressionType.Zstd => ZstdLevel,
        _ => 0,
    };
}
