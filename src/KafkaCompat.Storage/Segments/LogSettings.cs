namespace KafkaCompat.Storage.Segments;

/// <summary>The topic configs that a partition's log obeys, under Kafka's names and with Kafka's defaults.</summary>
public sealed record LogSettings
{
    public static LogSettings Default { get; } = new();

    public int SegmentBytes { get; init; } = 1 << 30;

    public long SegmentMs { get; init; } = 7L * 24 * 3600 * 1000;

    public long SegmentJitterMs { get; init; }

    public int SegmentIndexBytes { get; init; } = 10 * 1024 * 1024;

    public int IndexIntervalBytes { get; init; } = 4096;

    /// <summary>-1: for ever.</summary>
    public long RetentionMs { get; init; } = 7L * 24 * 3600 * 1000;

    /// <summary>-1: without bound.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>Whether <c>cleanup.policy</c> holds <c>delete</c>.</summary>
    public bool DeletesOldSegments { get; init; } = true;

    /// <summary>Whether <c>cleanup.policy</c> holds <c>compact</c>.</summary>
    public bool IsCompacted { get; init; }

    public long FileDeleteDelayMs { get; init; } = 60_000;

    public long FlushMessages { get; init; } = long.MaxValue;

    public long FlushMs { get; init; } = long.MaxValue;

    /// <summary>Reserves a whole segment at once instead of piece by piece.</summary>
    public bool Preallocate { get; init; }
}
