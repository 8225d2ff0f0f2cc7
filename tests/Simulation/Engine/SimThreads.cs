using KafkaCompat.Storage.Files;

namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// Threads of a node for its disk and for large batches: the work is done later than it was asked for, whole, and in no order that anybody may rely on. How
/// much later is the disk's speed.
/// </summary>
internal sealed class SimThreads(SimScheduler scheduler, SimContext context, Random random) : IWorkThreads
{
    /// <summary>How long a piece of work takes at most, in milliseconds; a slow disk's takes more.</summary>
    public int MaxDelayMs { get; set; } = 3;

    public Task Run(Action work)
    {
        var done = new TaskCompletionSource();
        scheduler.PostAt(scheduler.Now + random.NextInt64(MaxDelayMs * TimeSpan.TicksPerMillisecond), context, _ => Do(work, done), null);
        return done.Task;
    }

    private static void Do(Action work, TaskCompletionSource done)
    {
        try
        {
            work();
            done.SetResult();
        }
        catch (Exception failure)
        {
            done.SetException(failure);
        }
    }
}
