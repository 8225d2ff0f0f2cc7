using KafkaCompat.Broker.Loops;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// A produce request with acks=all that waits until every partition it wrote to has replicated its records. A partition
/// completes its own place, by its <see cref="AckWaits"/>. The deadline completes the rest with REQUEST_TIMED_OUT. Each place completes once.
/// </summary>
public sealed class AckWait(TimerWheel wheel) : TimerWheelEntry
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Place> _places = [];
    private readonly Lock _lock = new();
    private bool _isComplete;
    private int _completed;

    /// <summary>
    /// Adds a place for records that end before <paramref name="requiredOffset"/> and are in the log of the leader of <paramref name="leaderEpoch"/>. In
    /// another epoch others may stand there.
    /// </summary>
    public Place Add(Partition partition, long requiredOffset, int leaderEpoch)
    {
        var place = new Place(this, partition, requiredOffset, leaderEpoch);
        lock (_lock) _places.Add(place);
        partition.AddAckWait(place);
        return place;
    }

    /// <summary>
    /// To be called when all places are added. It ends with the connection too: the time-out is the client's to choose, and a client that is gone must not
    /// leave a wait behind. What is not complete by then is as after the deadline, though nobody gets an answer.
    /// </summary>
    public async Task Wait(long timeoutMs, CancellationToken aborted = default)
    {
        wheel.Schedule(this, timeoutMs);
        lock (_lock)
        {
            _isComplete = true;
            if (_completed == _places.Count) _ = _done.TrySetResult();
        }
        using (aborted.UnsafeRegister(static wait => ((AckWait)wait!).OnDeadline(), this)) await _done.Task;
        _ = wheel.Cancel(this);
        foreach (var place in _places) place.Partition.RemoveAckWait(place);
    }

    protected internal override void OnDeadline()
    {
        lock (_lock)
        {
            foreach (var place in _places) place.Outcome ??= ErrorCode.RequestTimedOut;
        }
        _ = _done.TrySetResult();
    }

    private void Complete(Place place, ErrorCode outcome)
    {
        lock (_lock)
        {
            if (place.Outcome is not null) return;
            place.Outcome = outcome;
            _completed++;
            if (_isComplete && _completed == _places.Count) _ = _done.TrySetResult();
        }
    }

    /// <summary>One partition of the request: an entry of that partition's <see cref="AckWaits"/>, guarded by the lock there.</summary>
    public sealed class Place(AckWait wait, Partition partition, long requiredOffset, int leaderEpoch)
    {
        public Partition Partition { get; } = partition;

        /// <summary>The high watermark that acknowledges the records.</summary>
        public long RequiredOffset { get; } = requiredOffset;

        /// <summary>The epoch in which this replica had the records as their leader.</summary>
        public int LeaderEpoch { get; } = leaderEpoch;

        /// <summary>Null until it is complete.</summary>
        public ErrorCode? Outcome { get; internal set; }

        internal void Complete(ErrorCode outcome) => wait.Complete(this, outcome);
    }
}
