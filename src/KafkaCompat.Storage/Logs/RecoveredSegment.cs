namespace KafkaCompat.Storage.Logs;

/// <summary>What <see cref="LogRecovery"/> made of a segment.</summary>
/// <param name="NextOffset">The offset behind its last batch, or behind the damage that it keeps.</param>
/// <param name="IsCut">Bytes were cut off its end.</param>
/// <param name="LeansOnBound">
/// A batch was not believed, maybe for the name of the next segment alone. Where that one goes, the batches are judged again without it: the next start has
/// nothing else to judge by, and the log must not end elsewhere then.
/// </param>
internal readonly record struct RecoveredSegment(long NextOffset, bool IsCut, bool LeansOnBound);
