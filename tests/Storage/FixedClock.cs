namespace KafkaCompat.Storage.Tests;

/// <summary>A clock that stands until it is told to go on, and counts its ticks in the same milliseconds.</summary>
internal sealed class FixedClock(long nowMs) : TimeProvider
{
    public long NowMs { get; set; } = nowMs;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => NowMs;
}
