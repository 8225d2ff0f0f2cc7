using KafkaCompat.Broker.Loops;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// The time in which nothing is read from a connection, because its client is throttled. Each throttle may make it longer, none shorter. Made with a
/// connection's first throttle, and on the wheel only while the connection waits.
/// </summary>
internal sealed class ReadPause(TimerWheel wheel, TimeProvider time) : TimerWheelEntry
{
    private readonly Lock _lock = new();
    private readonly long _startTimestamp = time.GetTimestamp();
    private TaskCompletionSource? _over;
    private long _untilMs;
    private bool _isEnded;

    /// <summary>Whether nothing may be read now.</summary>
    public bool IsOn
    {
        get { lock (_lock) return !_isEnded && NowMs() < _untilMs; }
    }

    public void Extend(int ms)
    {
        lock (_lock) _untilMs = Math.Max(_untilMs, NowMs() + ms);
    }

    /// <summary>Completes when the time is over, or the connection ends. One waiter at a time.</summary>
    public Task WhenOver()
    {
        lock (_lock)
        {
            var leftMs = _untilMs - NowMs();
            if (_isEnded || leftMs <= 0) return Task.CompletedTask;
            _over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            wheel.Schedule(this, leftMs);
            return _over.Task;
        }
    }

    /// <summary>The connection ends: nobody waits for the time any more.</summary>
    public void End()
    {
        lock (_lock)
        {
            _isEnded = true;
            _ = wheel.Cancel(this);
            _over?.TrySetResult();
        }
    }

    /// <summary>The loop that waited looks again, and waits on where the time was made longer meanwhile.</summary>
    protected internal override void OnDeadline()
    {
        lock (_lock) _over?.TrySetResult();
    }

    private long NowMs() => (long)time.GetElapsedTime(_startTimestamp).TotalMilliseconds;
}
