using KafkaCompat.Broker.Loops;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// Closes a connection when no bytes went over it for <see cref="ConnectionLimits.MaxIdleMs"/>; looks again after what is left of it. Where that is negative,
/// never.
/// </summary>
internal sealed class IdleDeadline(KafkaConnection connection, ConnectionSurroundings around) : TimerWheelEntry
{
    private readonly long _maxIdleMs = around.Limits.MaxIdleMs;
    private volatile bool _stopped;

    public void Start()
    {
        if (_maxIdleMs >= 0) around.Wheel.Schedule(this, _maxIdleMs);
    }

    public void Stop()
    {
        _stopped = true;
        _ = around.Wheel.Cancel(this);
    }

    protected internal override void OnDeadline()
    {
        if (_stopped) return;
        connection.LookAtClient();
        var idleMs = (long)around.Time.GetElapsedTime(connection.LastActivity).TotalMilliseconds;
        if (idleMs < _maxIdleMs) around.Wheel.Schedule(this, _maxIdleMs - idleMs);
        else connection.CloseIdle(idleMs);
    }
}
