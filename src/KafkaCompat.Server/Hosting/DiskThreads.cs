using KafkaCompat.Storage;

namespace KafkaCompat.Server.Hosting;

/// <summary>
/// The program's threads for work that waits for a disk. One is started when there is work and all others are busy, up to a bound; behind that, work waits its
/// turn. How much can wait is bounded by who asks: each chore, each worker of the syncer and each write-behind has one piece of work under way.
/// </summary>
internal sealed class DiskThreads : IDiskThreads, IDisposable
{
    /// <summary>Enough that four syncs, the chores and a write-behind do not wait for one another.</summary>
    public const int MaxThreads = 12;

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
            if (_waiting.Count > _idle && _threads < MaxThreads)
            {
                _threads++;
                new Thread(Serve, StackBytes) { IsBackground = true, Name = $"disk-{_threads}" }.Start();
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
