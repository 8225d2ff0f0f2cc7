namespace KafkaCompat.Testing.Hosting;

/// <summary>
/// A test's clock as the broker uses it. A clock that is turned by hand runs its timers on the thread that turns it, a test's most of all, whose
/// synchronization context must not become that of the broker's work: a test that blocks would block the broker with it.
/// </summary>
internal sealed class CalmTimeProvider(TimeProvider clock) : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone => clock.LocalTimeZone;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp() => clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        clock.CreateTimer(
            state =>
            {
                var context = SynchronizationContext.Current;
                SynchronizationContext.SetSynchronizationContext(null);
                try
                {
                    callback(state);
                }
                finally
                {
                    SynchronizationContext.SetSynchronizationContext(context);
                }
            },
            state, dueTime, period);
}
