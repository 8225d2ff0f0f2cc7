namespace KafkaCompat.Storage.Files;

/// <summary>
/// The two clocks of a node, and the only place above the composition that reads them as numbers. What is written down, shown, or compared with what was
/// written down asks for <see cref="WallMs"/>; whatever measures a span asks for <see cref="TickMs"/>, which nobody can set.
/// </summary>
public static class ClockReadings
{
    /// <summary>Milliseconds since the epoch: for the times of records and of commits, and for what a person reads. It can jump, forward and back.</summary>
    public static long WallMs(this TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return time.GetUtcNow().ToUnixTimeMilliseconds();
    }

    /// <summary>Milliseconds of the monotonic clock: for sessions, delays, throttles, retries and every other wait.</summary>
    public static long TickMs(this TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        // In two parts: a thousand times the nanoseconds since the machine was started do not fit after a hundred days.
        var (seconds, rest) = Math.DivRem(time.GetTimestamp(), time.TimestampFrequency);
        return (seconds * 1000) + (rest * 1000 / time.TimestampFrequency);
    }
}
