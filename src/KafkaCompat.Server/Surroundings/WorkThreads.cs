using KafkaCompat.Storage.Files;

namespace KafkaCompat.Server.Surroundings;

/// <summary>
/// Threads of the program for work of one kind. One is started when there is work and all others are busy, up to a bound; behind that, work waits its
/// turn. How much can wait is bounded by who asks: each background task, each worker of the syncer and each write-behind has one piece of work for a disk under
/// way, and each connection one request whose batches take long or go to a disk that does.
/// </summary>
internal sealed class WorkThreads(string name, int maxThreads, Action<Thread> start) : IWorkThreads, IDisposable
{
    public WorkThreads(string name, int maxThreads) : this(name, maxThreads, static thread => thread.Start())
    {
    }

    /// <summary>For a disk: enough that four syncs, the background tasks and a write-behind do not wait for one another.</summary>
    public const int MaxDiskThreads = 12;

    /// <summary>For batches: they need a processor all the time, so that more threads than these would only make one another wait.</summary>
    public static readonly int MaxBatchThreads = Environment.ProcessorCount;

    private const int StackBytes = 512 * 1024;

    /// <summary>Guards the fields below. Threads wait on it as a monitor: a semaphore would spin before it sleeps, and work comes seldom.</summary>
    private readonly object _gate = new();

    private readonly Queue<(Action Work, TaskCompletionSource Done)> _waiting = new();
    private readonly Dictionary<string, WorkThreads> _named = new(StringComparer.Ordinal);
    private int _threads;
    private int _idle;
    private bool _isStopped;

    /// <inheritdoc/>
    public IWorkThreads Of(string of)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isStopped, this);
            if (!_named.TryGetValue(of, out var threads))
            {
                _named.Add(of, threads = new WorkThreads($"{name} {of}", maxThreads, start));
            }

            return threads;
        }
    }

    public Task Run(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isStopped, this);
            if (_waiting.Count >= _idle && _threads < maxThreads && TryStart(_threads + 1))
            {
                _threads++;
            }

            if (_threads > 0)
            {
                _waiting.Enqueue((work, done));
                Monitor.Pulse(_gate);
                return done.Task;
            }
        }

        // The system has no thread left for this process, and none of ours is there that could get to it.
        Execute(work, done);
        return done.Task;
    }

    /// <summary>Starts a thread; false where the system gives none (ulimit -u, pids.max). The work then waits for the threads that there are.</summary>
    private bool TryStart(int number)
    {
        try
        {
            start(new Thread(Serve, StackBytes) { IsBackground = true, Name = $"{name}-{number}" });
            return true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }

    /// <summary>Lets the threads end when the work that was asked for is done.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopped = true;
            foreach (var threads in _named.Values)
            {
                threads.Dispose();
            }

            Monitor.PulseAll(_gate);
        }
    }

    private void Serve()
    {
        while (true)
        {
            Action work;
            TaskCompletionSource done;
            lock (_gate)
            {
                _idle++;
                while (_waiting.Count == 0 && !_isStopped)
                {
                    _ = Monitor.Wait(_gate);
                }

                _idle--;
                if (!_waiting.TryDequeue(out var next))
                {
                    return;
                }

                (work, done) = next;
            }

            Execute(work, done);
        }
    }

    private static void Execute(Action work, TaskCompletionSource done)
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
