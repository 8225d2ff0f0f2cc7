namespace KafkaCompat.Broker.Loops;

/// <summary>Something that happens once. Whoever says so is kept by nobody who waits for it, and each waiter goes on where it was.</summary>
internal sealed class Signal
{
    private readonly TaskCompletionSource _set = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Signal() => WhenSet = _set.Task.Followed();

    /// <summary>Done when it has happened, or a moment later. It may be combined with other tasks.</summary>
    public Task WhenSet { get; }

    public void Set() => _set.TrySetResult();
}
