namespace KafkaCompat.Protocol.Compression;

/// <summary>The codecs by their number, and the range of levels that each has in Kafka.</summary>
public static class CompressionCodecs
{
    private static readonly ICompressionCodec[] All = [new GzipCodec()];

    public static ICompressionCodec Get(CompressionType type) =>
        Array.Find(All, codec => codec.Type == type) ?? throw new ArgumentOutOfRangeException(nameof(type), type, "not a codec");

    public static int DefaultLevel(CompressionType type) => type switch
    {
        CompressionType.Gzip => -1,
        CompressionType.Lz4 => 9,
        CompressionType.Zstd => 3,
        _ => 0,
    };
}
