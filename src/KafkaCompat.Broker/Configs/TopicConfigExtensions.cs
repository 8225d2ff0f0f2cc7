using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Broker.Configs;

/// <summary>A topic's settings as its logs need them.</summary>
internal static class TopicConfigExtensions
{
    public static LogSettings ToLogSettings(this TopicConfig config) => new()
    {
        SegmentBytes = config.SegmentBytes,
        // Only rolled segments can be compacted, so what may not wait longer than this may not stay in the active one.
        SegmentMs = config.IsCompacted ? Math.Min(config.SegmentMs, config.MaxCompactionLagMs) : config.SegmentMs,
        SegmentJitterMs = config.SegmentJitterMs,
        SegmentIndexBytes = config.SegmentIndexBytes,
        IndexIntervalBytes = config.IndexIntervalBytes,
        RetentionMs = config.RetentionMs,
        RetentionBytes = config.RetentionBytes,
        DeletesOldSegments = config.IsDeleted,
        IsCompacted = config.IsCompacted,
        FileDeleteDelayMs = config.FileDeleteDelayMs,
        FlushMessages = config.FlushMessages,
        FlushMs = config.FlushMs,
        Preallocate = config.Preallocate,
    };

    public static ProduceSettings ToProduceSettings(this TopicConfig config) => new()
    {
        TimestampType = config.IsLogAppendTime ? TimestampType.LogAppendTime : TimestampType.CreateTime,
        TimestampBeforeMaxMs = config.MessageTimestampBeforeMaxMs,
        TimestampAfterMaxMs = config.MessageTimestampAfterMaxMs,
        MaxMessageBytes = config.MaxMessageBytes,
        MaxDecompressedMessageBytes = config.MaxDecompressedMessageBytes,
        SegmentBytes = config.SegmentBytes,
        Codec = CodecOf(config.CompressionType),
        GzipLevel = config.GzipLevel,
        Lz4Level = config.Lz4Level,
        ZstdLevel = config.ZstdLevel,
        RequiresKeys = config.IsCompacted,
    };

    /// <summary>Null for "producer": batches stay as they came.</summary>
    private static CompressionType? CodecOf(string name) => name switch
    {
        "uncompressed" => CompressionType.None,
        "gzip" => CompressionType.Gzip,
        "snappy" => CompressionType.Snappy,
        "lz4" => CompressionType.Lz4,
        "zstd" => CompressionType.Zstd,
        _ => null,
    };
}
