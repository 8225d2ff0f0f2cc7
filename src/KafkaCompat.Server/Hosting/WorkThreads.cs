using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Storage;

namespace KafkaCompat.Server.Hosting;

/// <summary>
/// Threads of the program for work of one kind. One is started when there is work and all others are busy, up to a bound; behind that, work waits its
/// turn. How much can wait is bounded by who asks: each chore, each worker of the syncer and each write-behind has one piece of work for the disk under way, and
/// each connection one request whose batches take long.
/// </summary>
internal sealed class WorkThreads(string name, int maxThreads) : IDiskThreads, IBatchThreads, IDisposable
{
    /// <summary>For the disk: enough that four syncs, the chores and a write-behind do not wait for one another.</summary>
    public const int MaxDiskThreads = 12;

    /// <summary>For batches: they need a processor all the time, so that more threads than these would only make one another wait.</summary>
    public static readonly int MaxBatchThreads = Environment.ProcessorCount;

    private const int StackBytes = 512 * 1024;

    private readonly Queue<(Action Work, TaskCompletionSource Done)> _waiting = new();
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _work = new(0);
    private int _threads;
    private int _idle;
    private bool _isStopped;

    public Task Run(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isStopped, this);
            _waiting.Enqueue((work, done));
            if (_waiting.Count > _idle && _threads < maxThreads)
            {
                _threads++;
                new Thread(Serve, StackBytes) { IsBackground = true, Name = $"{name}-{_threads}" }.Start();
            }
        }

        _work.Release();
        return done.Task;
    }

    /// <summary>Lets the threads end when the work that was asked for is done.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopped = true;
            // Without work there was no thread, and a semaphore refuses to be released by none.
            if (_threads > 0)
            {
                _work.Release(_threads);
            }
        }
    }

    private void Serve()
    {
        while (true)
        {
            lock (_gate)
            {
                _idle++;
            }

            _work.Wait();
            Action work;
            TaskCompletionSource done;
            lock (_gate)
            {
                _idle--;
                if (!_waiting.TryDequeue(out var next))
                {
                    return;
                }

                (work, done) = next;
            }

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
}
