using System.Collections.Concurrent;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Tests;

/// <summary>Threads by name, as the program has them.</summary>
internal sealed class NamedThreads : IWorkThreads
{
    private readonly ConcurrentDictionary<string, int> _begun = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, Named> _named = new(StringComparer.Ordinal);

    [ThreadStatic]
    private static string? t_name;

    /// <summary>Of whose threads the present one is.</summary>
    public static string? Here => t_name;

    public int Begun(string name) => _begun.GetValueOrDefault(name);

    public IWorkThreads Of(string name) => _named.GetOrAdd(name, static (name, all) => new Named(all, name), this);

    public Task Run(Action work) => Task.Run(work);

    private sealed class Named(NamedThreads all, string name) : IWorkThreads
    {
        private const int MaxThreads = 4;

        private readonly Queue<Action> _waiting = new();
        private int _threads;

        /// <summary>As the program's: a few threads at most, and what is behind them waits without one.</summary>
        public Task Run(Action work)
        {
            _ = all._begun.AddOrUpdate(name, 1, static (_, count) => count + 1);
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_waiting)
            {
                _waiting.Enqueue(() =>
                {
                    try
                    {
                        RunHere(work);
                        done.SetResult();
                    }
                    catch (Exception failure)
                    {
                        done.SetException(failure);
                    }
                });
                if (_threads == MaxThreads) return done.Task;
                _threads++;
            }
            new Thread(Serve) { IsBackground = true }.Start();
            return done.Task;
        }

        private void Serve()
        {
            while (true)
            {
                Action next;
                lock (_waiting)
                {
                    if (!_waiting.TryDequeue(out next!))
                    {
                        _threads--;
                        return;
                    }
                }
                next();
            }
        }

        private void RunHere(Action work)
        {
            t_name = name;
            try
            {
                work();
            }
            finally
            {
                t_name = null;
            }
        }
    }
}
