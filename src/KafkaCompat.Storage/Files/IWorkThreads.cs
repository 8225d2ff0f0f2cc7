namespace KafkaCompat.Storage.Files;

/// <summary>
/// Threads for work that would hold a thread that answers requests: work that waits for a disk (syncing, deleting, writing checkpoints), and batches that are
/// decompressed or compressed. The composition of the program gives them; without any, work runs on the thread that asks for it, in order, as a simulated
/// node wants it.
/// </summary>
public interface IWorkThreads
{
    /// <summary>Work is done where it is asked for.</summary>
    static IWorkThreads None { get; } = new CallersThread();

    /// <summary>
    /// Threads of their own, a bounded number, which no other work than that of a name takes: that of a log directory, whose disk may hang and then keeps no
    /// other's work, and that of the metadata log, which all else waits for.
    /// </summary>
    IWorkThreads Of(string name) => this;

    /// <summary>Does the work; the task ends or fails with it.</summary>
    Task Run(Action work);

    private sealed class CallersThread : IWorkThreads
    {
        public Task Run(Action work)
        {
            try
            {
                work();
                return Task.CompletedTask;
            }
            catch (Exception failure)
            {
                return Task.FromException(failure);
            }
        }
    }
}
