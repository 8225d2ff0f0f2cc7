namespace KafkaCompat.Cluster.Replication;

/// <summary>What a leader knows of one follower. Ticks are of the monotonic clock.</summary>
internal sealed class FollowerProgress(int id)
{
    private const long Never = long.MinValue / 2;

    private long _lastFetchTick = Never;

    /// <summary>The leader's end when the follower fetched last.</summary>
    private long _leaderEndAtFetch = -1;

    public int Id { get; } = id;

    /// <summary>The registration of the broker that reported its end; -1 if it has not.</summary>
    public long BrokerEpoch { get; private set; } = -1;

    /// <summary>Up to where its log is the leader's; -1 while it has not reported it.</summary>
    public long LogEndOffset { get; private set; } = -1;

    /// <summary>When it last had all that the leader had then.</summary>
    public long LastCaughtUpTick { get; set; } = Never;

    /// <summary>
    /// Whether it is outside the ISR and about to join: the high watermark waits for it, as it does for members. Else a busy leader would always be
    /// ahead of it.
    /// </summary>
    public bool IsJoining { get; set; }

    /// <summary>It fetches from an offset, its log being the leader's before that.</summary>
    public void Fetched(in FollowerFetch fetch, long leaderEndOffset, long tick)
    {
        // It had all that the leader had at its last fetch, which is so long ago and no longer.
        if (fetch.Offset >= leaderEndOffset)
            LastCaughtUpTick = Math.Max(LastCaughtUpTick, tick);
        else if (fetch.BrokerEpoch == BrokerEpoch && fetch.Offset >= _leaderEndAtFetch)
            LastCaughtUpTick = Math.Max(LastCaughtUpTick, _lastFetchTick);
        BrokerEpoch = fetch.BrokerEpoch;
        LogEndOffset = fetch.Offset;
        _leaderEndAtFetch = leaderEndOffset;
        _lastFetchTick = tick;
    }

    /// <summary>Whether it has all that the leader has, or had so not long ago.</summary>
    public bool IsCaughtUp(long leaderEndOffset, long tick, long maxLagMs) => LogEndOffset == leaderEndOffset || tick - LastCaughtUpTick <= maxLagMs;
}
