namespace KafkaCompat.Storage.Logs;

/// <summary>What is known about a log from outside its folder when it is opened.</summary>
/// <param name="IsClean">The broker was shut down cleanly: the files are trusted as they are. Otherwise everything from the recovery point on is
/// checked.</param>
/// <param name="RecoveryPoint">Everything before it is known to be on the disk.</param>
/// <param name="LogStartOffset">Where the log starts, if that is behind its first segment's start.</param>
/// <param name="KeepsCuts">What is cut off because it is damaged is kept beside the log where sound batches follow: the log of a replica that no other makes
/// good.</param>
public readonly record struct LogOpening(bool IsClean, long RecoveryPoint = 0, long LogStartOffset = 0, bool KeepsCuts = false)
{
    /// <summary>
    /// As it was last written down. A log that ends before it has lost acknowledged records, which is reported where all directories are known.
    /// </summary>
    public long HighWatermark { get; init; }
}
