namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// What readers of a partition go by, at one moment: who leads it and how far they may read. It never changes; <see cref="FetchWaits.Bounds"/> gives
/// another one after each change.
/// </summary>
/// <remarks>
/// Where the log starts and ends is not among them, because the log says so itself without a lock. A reader takes the log's start first and the
/// bounds then, so that <c>LogStartOffset ≤ LastStableOffset ≤ HighWatermark ≤ LogEndOffset</c> holds in what it returns.
/// </remarks>
/// <param name="Leadership">Who leads.</param>
/// <param name="HighWatermark">Every replica in sync has all before it.</param>
/// <param name="FirstUnstableOffset">Where the first transaction begins that is not decided below the high watermark; long.MaxValue where there is
/// none.</param>
/// <param name="VisibleBytes">Bytes that have come below the high watermark since the replica was opened.</param>
/// <param name="StableBytes">As many for committed readers; see <see cref="FetchWaits"/>.</param>
internal sealed record PartitionBounds(Leadership Leadership, long HighWatermark, long FirstUnstableOffset, long VisibleBytes, long StableBytes)
{
    /// <summary>How far a committed reader may read. A transaction that began before the log's start holds back what is left of it alone.</summary>
    public long LastStableOffset(long logStartOffset) => LastStableOffset(HighWatermark, FirstUnstableOffset, logStartOffset);

    /// <inheritdoc cref="LastStableOffset(long)"/>
    public static long LastStableOffset(long highWatermark, long firstUnstableOffset, long logStartOffset) =>
        Math.Min(Math.Max(firstUnstableOffset, logStartOffset), highWatermark);
}
