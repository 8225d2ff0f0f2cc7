namespace KafkaCompat.Protocol.Compression;

/// <summary>How a decompression ended.</summary>
public enum DecompressionResult : byte
{
    Done,

    /// <summary>The bytes are not of this codec, are damaged, or end too soon.</summary>
    Undecodable,

    /// <summary>There was more than the limit allows.</summary>
    TooLarge,
}
