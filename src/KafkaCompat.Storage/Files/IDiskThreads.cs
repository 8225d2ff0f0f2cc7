namespace KafkaCompat.Storage.Files;

/// <summary>
/// Threads for work that waits for a disk: syncing, deleting, writing checkpoints. The composition of the program gives them, so that no such work holds a
/// thread that answers requests; without any it runs on the thread that asks for it, in order, as a simulated node wants it.
/// </summary>
public interface IDiskThreads
{
    /// <summary>Work is done where it is asked for.</summary>
    static IDiskThreads None { get; } = new CallersThread();

    /// <summary>
    /// Threads of their own, a bounded number, which no other work than that of a name takes: that of a log directory, whose disk may hang and then keeps no
    /// other's work, and that of the metadata log, which all else waits for.
    /// </summary>
    IDiskThreads Of(string name) => this;

    /// <summary>Does the work; the task ends or fails with it.</summary>
    Task Run(Action work);

    private sealed class CallersThread : IDiskThreads
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
