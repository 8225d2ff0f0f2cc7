using System.Threading.Channels;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Makes logs durable away from the threads that append. Requests for one partition that come while its sync is under way
/// are served by the next one together: a group commit. Several partitions of a directory are synced at a time, and each directory has its own workers: a disk
/// that does not answer holds up those of no other.
/// A request is kept until its log is durable, deleted, or on a disk that failed: a sync that was refused, for lack of descriptors, is done again a little
/// later.
/// </summary>
public sealed class LogSyncer(TimeProvider? time = null)
{
    /// <summary>Syncs of a directory at a time. File systems commit those of one moment together.</summary>
    private const int Workers = 4;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What is asked for, by the directory that it is asked of. Its lock guards the four fields below too.</summary>
    private readonly Dictionary<DirectoryHealth, Channel<Partition>> _requests = [];

    private readonly HashSet<Partition> _queued = [];
    private readonly List<Task> _workers = [];
    private bool _isStarted;
    private bool _isStopped;

    /// <summary>Partitions whose sync was refused.</summary>
    private readonly HashSet<Partition> _refused = [];

    private readonly AsyncAutoResetEvent _hasRefused = new();
    private readonly Signal _stopping = new();
    private Task _retries = Task.CompletedTask;

    /// <summary>Ends with <see cref="Stop"/>; fails where nothing more would be made durable.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Asks for a sync of what the partition's log holds now. A partition stands in the queue once.</summary>
    public void Request(Partition partition)
    {
        var isNew = false;
        Channel<Partition>? requests;
        lock (_requests)
        {
            if (_isStopped || !_queued.Add(partition)) return;
            if (!_requests.TryGetValue(partition.Log.Health, out requests))
            {
                _requests.Add(partition.Log.Health, requests = Channel.CreateUnbounded<Partition>());
                isNew = _isStarted;
            }
        }
        if (isNew) StartWorkers(requests);
        _ = requests.Writer.TryWrite(partition);
    }

    public void Start()
    {
        Channel<Partition>[] asked;
        lock (_requests)
        {
            _isStarted = true;
            asked = [.. _requests.Values];
        }
        foreach (var requests in asked) StartWorkers(requests);
        _retries = Retry();
    }

    /// <summary>Serves what was asked for, then ends. What was refused by then is left to the closing of the logs.</summary>
    public async Task Stop()
    {
        _stopping.Set();
        _hasRefused.End();
        await _retries;
        Task[] workers;
        lock (_requests)
        {
            _isStopped = true;
            foreach (var requests in _requests.Values) _ = requests.Writer.TryComplete();
            workers = [.. _workers];
        }
        await Task.WhenAll(workers);
        _ = _completion.TrySetResult();
    }

    private void StartWorkers(Channel<Partition> requests)
    {
        for (var i = 0; i < Workers; i++)
        {
            // Not under the lock: where a disk has no threads of its own, the sync is made here and now.
            var worker = Work(requests.Reader);
            lock (_requests) _workers.Add(worker);
        }
    }

    private async Task Work(ChannelReader<Partition> requests)
    {
        try
        {
            while (await requests.WaitToReadAsync())
            {
                while (requests.TryRead(out var partition))
                {
                    lock (_requests) _ = _queued.Remove(partition);
                    await partition.Log.DiskThreads.Run(() => Sync(partition));
                }
            }
        }
        catch (Exception failure)
        {
            _ = _completion.TrySetException(failure);
            throw;
        }
    }

    private async Task Retry()
    {
        while (await _hasRefused.WaitAsync())
        {
            if (!await FileShortageRetry.Pause(_time, _stopping)) return;
            Partition[] again;
            lock (_refused)
            {
                again = [.. _refused];
                _refused.Clear();
            }
            foreach (var partition in again) Request(partition);
        }
    }

    private void Sync(Partition partition)
    {
        try
        {
            partition.Log.Sync();
            partition.OnSynced();
        }
        catch (KafkaStorageException) when (partition.Log.Health.IsFailed)
        {
            // The directory's health shows it; waiting producers run into their time-out, unacknowledged.
        }
        catch (KafkaStorageException)
        {
            lock (_refused) _ = _refused.Add(partition);
            _hasRefused.Set();
        }
        catch (ObjectDisposedException)
        {
            // Deleted meanwhile.
        }
        catch (Exception e)
        {
            // Nobody knows what is durable now, which is what a failed disk means.
            partition.Log.Health.Fail(e);
        }
    }
}
