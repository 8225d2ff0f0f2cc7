namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>A scheduler that does nothing until it is asked, and then one thing.</summary>
internal sealed class QueuedTurns : TaskScheduler
{
    private readonly Lock _lock = new();
    private readonly Queue<Task> _waiting = [];

    public bool TakeOne()
    {
        Task? next;
        lock (_lock)
        {
            if (!_waiting.TryDequeue(out next)) return false;
        }
        return TryExecuteTask(next);
    }

    protected override void QueueTask(Task task)
    {
        lock (_lock) _waiting.Enqueue(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_lock) return [.. _waiting];
    }
}
