namespace KafkaCompat.Storage.Files;

/// <summary>How long the logs of a directory took to be made durable. Counted by whoever syncs, read by whoever asks.</summary>
public sealed class FlushTimes
{
    private readonly long[] _counts = new long[Bounds.Length + 1];
    private long _microseconds;

    /// <summary>The upper bounds of the buckets, in seconds; what took longer is in one more.</summary>
    public static double[] Bounds { get; } = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

    /// <summary>All of them together.</summary>
    public double Seconds => Volatile.Read(ref _microseconds) / 1e6;

    /// <summary>Counts one sync.</summary>
    public void Record(TimeSpan took)
    {
        var bucket = 0;
        while (bucket < Bounds.Length && took.TotalSeconds > Bounds[bucket])
            bucket++;
        Interlocked.Increment(ref _counts[bucket]);
        Interlocked.Add(ref _microseconds, (long)took.TotalMicroseconds);
    }

    /// <summary>Adds how many fell into each bucket to <paramref name="counts"/>.</summary>
    public void AddTo(long[] counts)
    {
        for (var i = 0; i < counts.Length; i++)
            counts[i] += Volatile.Read(ref _counts[i]);
    }
}
