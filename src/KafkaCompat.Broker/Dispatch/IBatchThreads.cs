using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>
/// Threads for record batches that take long to check: those that are decompressed or recompressed. The composition of the program gives them, so that a
/// socket's thread goes on with other connections meanwhile; without any the work is done on the thread that asks for it.
/// </summary>
public interface IBatchThreads
{
    /// <summary>Work is done where it is asked for.</summary>
    static IBatchThreads None { get; } = new CallersThread();

    /// <summary>Does the work; the task ends or fails with it.</summary>
    Task Run(Action work);

    private sealed class CallersThread : IBatchThreads
    {
        public Task Run(Action work) => IDiskThreads.None.Run(work);
    }
}
