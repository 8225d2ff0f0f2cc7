namespace KafkaCompat.Cluster.Machines;

/// <summary>
/// The time as a machine gets it: one reading each of two clocks. The wall clock says when something happened, and can be set forward and back at any
/// moment, by a person, by NTP or by a laptop that slept. The monotonic clock says how long ago something was, and nothing else. So what is written down
/// or shown (the times of records, of commits, of states, and what retention compares with them) is of the wall clock, and whatever waits (sessions, delays,
/// deadlines, retries) goes by the monotonic one.
/// </summary>
/// <param name="WallMs">Milliseconds since the epoch, by the wall clock.</param>
/// <param name="TickMs">Milliseconds since some moment of this process's machine, by the monotonic clock: never less than before.</param>
public readonly record struct Now(long WallMs, long TickMs)
{
    /// <summary>The tick at which a wait that begins now is over. Waits are settings of up to Long.MaxValue, which stands for never.</summary>
    public long After(long ms) => ms > long.MaxValue - TickMs ? long.MaxValue : TickMs + ms;
}
