using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Directories;

/// <summary>Folders of deleted logs, by when they are due: each has the delay of its topic.</summary>
internal sealed class DeletedFolders(LogEnvironment environment)
{
    private readonly PriorityQueue<string, long> _folders = new();
    private readonly Lock _gate = new();

    /// <summary>A folder that has its name of a deleted one goes after a delay.</summary>
    public void Add(string folder, long delayMs)
    {
        Invariant.Holds(folder.EndsWith("-delete", StringComparison.Ordinal), $"{folder}: it is to be removed, and has the name of a partition in use");
        lock (_gate)
            _folders.Enqueue(folder, environment.DueMs(delayMs));
    }

    /// <summary>Removes the folders whose delay is over. One that is refused is tried again by the next call.</summary>
    public void DeleteDue(long tickMs)
    {
        while (TryTake(tickMs, out var folder, out var dueMs))
        {
            try
            {
                environment.Files.DeleteFolder(folder);
            }
            catch (IOException failure)
            {
                lock (_gate)
                    _folders.Enqueue(folder, dueMs);
                throw environment.Health.RefusedBy(failure);
            }
        }
    }

    private bool TryTake(long tickMs, out string folder, out long dueMs)
    {
        lock (_gate)
            return _folders.TryPeek(out folder!, out dueMs) && dueMs <= tickMs && _folders.TryDequeue(out _, out _);
    }
}
