using System.IO.Pipelines;

namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// Where the work of one part of the world is done: the life of a node, its clients. What is awaited there goes on there, and when the part dies, all of
/// its work does, as that of a process.
/// </summary>
internal sealed class SimContext : SynchronizationContext
{
    private readonly SimScheduler _scheduler;

    public SimContext(SimScheduler scheduler, string name, int number)
    {
        (_scheduler, Name, Number) = (scheduler, name, number);
        Turns = new SimTurns(this);
        Pipes = new SimPipes(this);
    }

    public string Name { get; }

    public int Number { get; }

    /// <summary>Whether nothing of it is done any more.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Where tasks run that are started here.</summary>
    public TaskScheduler Turns { get; }

    /// <summary>Where those who wait for a pipe go on.</summary>
    public PipeScheduler Pipes { get; }

    public void Die() => IsDead = true;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!IsDead)
        {
            _scheduler.Post(this, d, state);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nobody may wait for a step of the simulation.");

    public override SynchronizationContext CreateCopy() => this;

    private sealed class SimTurns(SimContext context) : TaskScheduler
    {
        protected override void QueueTask(Task task) => context.Post(state => TryExecuteTask((Task)state!), task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task>? GetScheduledTasks() => null;
    }

    private sealed class SimPipes(SimContext context) : PipeScheduler
    {
        public override void Schedule(Action<object?> action, object? state) => context.Post(new SendOrPostCallback(action), state);
    }
}
