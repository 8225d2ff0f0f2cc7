namespace KafkaCompat.Tests.Shared;

/// <summary>The time as it is, but for the waits of one length: once they are hurried those that begin are over at once.</summary>
internal sealed class HurriedTime(TimeSpan hurried) : TimeProvider
{
    private volatile bool _isHurried;

    public void Hurry() => _isHurried = true;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, _isHurried && dueTime == hurried ? TimeSpan.Zero : dueTime, period);
}
