namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// When a partition's log is to be synced, as <c>flush.messages</c> and <c>flush.ms</c> ask for: after so many records, or when so much time has
/// passed since the last sync and records have come. Times are ticks of the monotonic clock. Whoever calls holds the partition's lock.
/// </summary>
internal sealed class FlushSchedule(long tickMs)
{
    private long _unsyncedRecords;
    private long _syncedMs = tickMs;

    /// <summary>Counts records that were written. True where a sync is due by them.</summary>
    public bool IsDueAfter(long records, long flushMessages)
    {
        _unsyncedRecords += records;
        if (_unsyncedRecords < flushMessages) return false;
        _unsyncedRecords = 0;
        return true;
    }

    /// <summary>Whether a sync is due by the time. The caller then asks for one.</summary>
    public bool IsDue(long tickMs, long flushMs)
    {
        if (_unsyncedRecords == 0 || tickMs - _syncedMs < flushMs) return false;
        _unsyncedRecords = 0;
        return true;
    }

    /// <summary>The log was synced.</summary>
    public void Synced(long tickMs) => _syncedMs = tickMs;
}
