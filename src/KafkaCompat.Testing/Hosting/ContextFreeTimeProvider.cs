namespace KafkaCompat.Testing.Hosting;

/// <summary>
/// A test's clock without the test's synchronization context. Such a clock often runs its timers on the thread that moves it. The broker's work must not
/// inherit that thread's context, because a test that blocks would then block the broker.
/// </summary>
internal sealed class ContextFreeTimeProvider(TimeProvider clock) : TimeProvider
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
