namespace KafkaCompat.Storage.Files;

/// <summary>The disk failed, or the log directory has failed before: error 56 (KAFKA_STORAGE_ERROR) for whoever asked.</summary>
public sealed class KafkaStorageException(string message, Exception? cause = null) : IOException(message, cause)
{
    /// <summary>Whether the directory is not used any more. False where one thing was refused, and may be tried again.</summary>
    public bool HasFailedDirectory { get; init; }
}

/// <summary>Another process has the log directory.</summary>
public sealed class DirectoryInUseException(string message) : IOException(message);

/// <summary>Bytes in a log directory that cannot be what Kafka left there, and that Kafka refuses to start over.</summary>
public sealed class LogCorruptionException(string message, Exception? cause = null) : Exception(message, cause);
