using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Broker.Metadata;

/// <summary>Who waits until this node has applied a record of the metadata log. How many there are is bounded by what the controller has under way.</summary>
internal sealed class AppliedWaits
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private long _nextOffset;
    private Exception? _end;

    /// <summary>Done when the record at the offset has been applied; fails where it will not be.</summary>
    public Task Until(long offset)
    {
        lock (_gate)
        {
            if (offset < _nextOffset)
            {
                return Task.CompletedTask;
            }

            if (_end is not null)
            {
                return Task.FromException(_end);
            }

            var applied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(applied, offset);
            return applied.Task;
        }
    }

    /// <summary>All before the offset has been applied.</summary>
    public void Applied(long nextOffset)
    {
        lock (_gate)
        {
            Invariant.Holds(nextOffset >= _nextOffset, $"Who waits for the metadata was told of {_nextOffset}, and is to be told of {nextOffset}");
            _nextOffset = nextOffset;
            while (_waiting.TryPeek(out var first, out var offset) && offset < nextOffset)
            {
                _ = _waiting.Dequeue();
                _ = first.TrySetResult();
            }
        }
    }

    /// <summary>Nothing more will be applied: of a failure, or because it has ended.</summary>
    public void End(Exception? failure)
    {
        lock (_gate)
        {
            _end = failure ?? new ObjectDisposedException(nameof(MetadataApplier));
            while (_waiting.TryDequeue(out var waiting, out _))
            {
                _ = waiting.TrySetException(_end);
            }
        }
    }
}
