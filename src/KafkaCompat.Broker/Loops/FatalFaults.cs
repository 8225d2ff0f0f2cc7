using System.Runtime.ExceptionServices;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Broker.Loops;

/// <summary>
/// Where a node hears that one of its invariants does not hold, and the one way in which it ends for that. Whoever catches whatever there may be, so that one
/// fault costs one request, one partition or one run of a task, reports what it caught here, or does not catch it: a broken invariant costs the node, because
/// what would be served next may be wrong. From the moment it is reported no answer leaves the node and no file of it is written.
/// </summary>
public sealed class FatalFaults
{
    private readonly TaskCompletionSource _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly List<Action<InvariantException>> _listeners = [];
    private volatile InvariantException? _first;

    public FatalFaults() => Completion = _found.Task.Followed();

    /// <summary>The first invariant that was found broken; null where none was.</summary>
    public InvariantException? First => _first;

    /// <summary>Fails with the first invariant that was found broken, and does not end before.</summary>
    public Task Completion { get; }

    /// <summary>Whether a failure concerns no more than what failed of it. Where it does not whoever asks lets it through.</summary>
    public static bool MayBeSwallowed(Exception failure) => InvariantException.In(failure) is null;

    /// <summary>
    /// Has the node end where a failure is a broken invariant, or comes of one; false where it is none. Whoever reports may hold locks: nobody is waited for.
    /// </summary>
    public bool Report(Exception failure)
    {
        if (InvariantException.In(failure) is not { } broken) return false;
        Action<InvariantException>[] listeners;
        lock (_lock)
        {
            if (_first is not null) return true;
            _first = broken;
            listeners = [.. _listeners];
        }
        try
        {
            foreach (var listener in listeners) listener(broken);
        }
        finally
        {
            // The node ends even where a listener, a logger for example, fails.
            _ = _found.TrySetException(broken);
        }
        return true;
    }

    /// <summary>
    /// Calls a listener with the first broken invariant, on the thread that reports it, or at once where it was reported before. It waits for nobody.
    /// </summary>
    public void OnFirst(Action<InvariantException> listener)
    {
        lock (_lock)
        {
            _listeners.Add(listener);
            if (_first is null) return;
        }
        listener(_first);
    }

    /// <summary>Waits for a part that the node cannot do without, and reports what ended it.</summary>
    public async Task Watch(Task part)
    {
        try
        {
            await part;
        }
        catch (Exception failure)
        {
            // What fails after a broken invariant fails because of that.
            if (Report(failure) || _first is not null) ExceptionDispatchInfo.Throw(_first!);
            throw;
        }
    }
}
