namespace KafkaCompat.Cluster.Metadata;

/// <summary>
/// The metadata log or a snapshot of it says something that cannot be: bytes that are no record, or a record that contradicts what stands before it.
/// </summary>
public sealed class MetadataCorruptException : Exception
{
    public MetadataCorruptException()
    {
    }

    public MetadataCorruptException(string message)
        : base($"The metadata log holds {message}.") => What = message;

    /// <summary>What it is that cannot be; null where only the message says so.</summary>
    public string? What { get; }

    public MetadataCorruptException(string message, Exception inner)
        : base($"The metadata log holds {message}: {inner?.Message}", inner) => What = message;
}
