namespace KafkaCompat.Storage.Tests;

/// <summary>A clock that stands until it is told to go on.</summary>
internal sealed class FixedClock(long nowMs) : TimeProvider
{
    public long NowMs { get; set; } = nowMs;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
}
