namespace KafkaCompat.Storage.Logs;

/// <summary>What <see cref="LogRecovery"/> made of a log.</summary>
/// <param name="From">Where the first segment starts that was checked.</param>
/// <param name="End">The next offset.</param>
/// <param name="HasCut">Something was cut off, or deleted behind a gap, and reported.</param>
internal readonly record struct RecoveredLog(long From, long End, bool HasCut);
