using KafkaCompat.Broker.Loops;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// A fetch that found too few bytes and waits: until the partitions it names have grown by what is missing, until one
/// of them changed in a way the client should learn of, or until its deadline. Completed once, by whoever is first.
/// </summary>
/// <remarks>
/// Partitions call it under a lock, so it only counts and completes; the fetch goes on elsewhere. That a fetch hears of growth, or of
/// another leader, between its read and its registration is the duty of <see cref="FetchWaits"/>: it compares what was seen.
/// </remarks>
public sealed class FetchWait : TimerWheelEntry
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimerWheel _wheel;
    private readonly Node[] _nodes;
    private int _registered;
    private long _missingBytes;

    public FetchWait(TimerWheel wheel, int partitions, long missingBytes, bool committedOnly)
    {
        _wheel = wheel;
        _nodes = new Node[partitions];
        _missingBytes = missingBytes;
        CommittedOnly = committedOnly;
    }

    /// <summary>Whether only bytes below the last stable offset count (read_committed).</summary>
    public bool CommittedOnly { get; }

    /// <summary>Waits for the partition of a read too, from what that read saw on. A read that failed has nothing to wait for.</summary>
    public void Register(in PartitionRead read)
    {
        if (read.Partition is not { } partition || read.Seen is not { } seen) return;
        var node = new Node(this, partition.FetchWaits);
        _nodes[_registered++] = node;
        partition.FetchWaits.Add(node, seen);
    }

    /// <summary>
    /// Waits, and takes the registrations back. It ends with the connection too: the longest wait is the client's to choose, and a client that is gone
    /// must not leave one behind.
    /// </summary>
    public async Task Wait(long maxWaitMs, CancellationToken aborted = default)
    {
        _wheel.Schedule(this, maxWaitMs);
        using (aborted.UnsafeRegister(static wait => ((FetchWait)wait!).Changed(), this)) await _done.Task;
        _ = _wheel.Cancel(this);
        for (var i = 0; i < _registered; i++) _nodes[i].Waits.Remove(_nodes[i]);
    }

    /// <summary>A partition grew by bytes that this fetch may see.</summary>
    internal void Grew(long bytes)
    {
        if (Interlocked.Add(ref _missingBytes, -bytes) <= 0) _ = _done.TrySetResult();
    }

    /// <summary>A partition changed leader, was deleted or truncated: the fetch has to look again.</summary>
    internal void Changed() => _done.TrySetResult();

    protected internal override void OnDeadline() => _done.TrySetResult();

    /// <summary>The registration with one partition: a node of its list, guarded by that list's lock.</summary>
    internal sealed class Node(FetchWait wait, FetchWaits waits)
    {
        public FetchWait Wait { get; } = wait;

        public FetchWaits Waits { get; } = waits;

        public Node? Previous { get; set; }

        public Node? Next { get; set; }

        public bool IsLinked { get; set; }
    }
}
