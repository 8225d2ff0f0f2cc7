namespace KafkaCompat.Storage;

/// <summary>What is known about a log from outside its folder when it is opened.</summary>
/// <param name="IsClean">The broker was shut down cleanly: the files are trusted as they are. Otherwise everything from the recovery point on is checked.</param>
/// <param name="RecoveryPoint">Everything before it is known to be on the disk.</param>
/// <param name="LogStartOffset">Where the log starts, if that is behind its first segment's start.</param>
public readonly record struct LogOpening(bool IsClean, long RecoveryPoint = 0, long LogStartOffset = 0);
