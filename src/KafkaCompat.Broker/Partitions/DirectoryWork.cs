using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// What the metadata asks of one log directory: logs that go, and partitions to be made what the metadata says. It is done on the directory's own threads,
/// in turns, each of which takes all that was asked by then. So a disk that does not answer keeps no other one's work, and what is asked of it meanwhile is no
/// more than its logs and partitions.
/// </summary>
internal sealed class DirectoryWork(LogDirectory directory, PartitionTable table, ILogger logger, Func<DirectoryWork, DirectoryTurn, Task> turn)
{
    private readonly Lock _lock = new();
    private DirectoryTurn _next = new();
    private DirectoryTurn? _deleting;
    private Task _done = Task.CompletedTask;
    private bool _isRunning;
    private int _placed;

    public LogDirectory Directory => directory;

    /// <summary>Why partitions of the directory go offline.</summary>
    public OfflineCauses Offline { get; } = new(table, logger);

    /// <summary>Done when nothing is left to do; failed where a turn has, and nothing is done any more.</summary>
    public Task Done => Volatile.Read(ref _done);

    /// <summary>Whether it was waited for in vain, and nobody has looked whether it has caught up.</summary>
    public bool IsBehind { get; set; }

    /// <summary>Logs that are to be made here.</summary>
    public int Placed => Volatile.Read(ref _placed);

    /// <summary>A log is to be made here, or is not any more: it is made, or its partition is gone.</summary>
    public void Place(int count) => Interlocked.Add(ref _placed, count);

    /// <summary>Adds to what the next turn does.</summary>
    public void Add(Action<DirectoryTurn> add)
    {
        lock (_lock) add(_next);
    }

    /// <summary>Whether what the directory has made of a partition goes: with the next turn, or with the one that runs and has not come so far.</summary>
    public bool IsToDelete(TopicPartition key)
    {
        lock (_lock) return _next.Deleted.Contains(key) || _deleting?.Deleted.Contains(key) == true;
    }

    /// <summary>The turn that runs has deleted what it had to.</summary>
    public void HaveDeleted()
    {
        lock (_lock) _deleting = null;
    }

    /// <summary>Begins with a turn where there is something to do and none runs.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            if (_isRunning || _next.IsEmpty) return;
            _isRunning = true;
        }
        Volatile.Write(ref _done, Run());
    }

    private async Task Run()
    {
        while (Take() is { } next) await turn(this, next);
    }

    private DirectoryTurn? Take()
    {
        lock (_lock)
        {
            var next = _next;
            if (next.IsEmpty)
            {
                _isRunning = false;
                return null;
            }
            _next = new DirectoryTurn();
            _deleting = next;
            return next;
        }
    }
}
