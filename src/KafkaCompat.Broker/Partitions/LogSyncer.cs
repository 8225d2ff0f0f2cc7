using System.Threading.Channels;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Makes logs durable away from the threads that append. Requests for one partition that come while its sync is under way
/// are served by the next one together: a group commit. Several partitions are synced at a time, so that one slow disk does not hold up all.
/// A request is kept until its log is durable, deleted, or on a disk that failed: a sync that was refused, for lack of descriptors, is done again a little
/// later.
/// </summary>
public sealed class LogSyncer(TimeProvider? time = null)
{
    /// <summary>Syncs at a time. File systems commit those of one moment together.</summary>
    private const int Workers = 4;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Channel<Partition> _requests = Channel.CreateUnbounded<Partition>();
    private readonly HashSet<Partition> _queued = [];

    /// <summary>Partitions whose sync was refused.</summary>
    private readonly HashSet<Partition> _refused = [];

    private readonly AsyncAutoResetEvent _hasRefused = new();
    private readonly Signal _stopping = new();
    private Task _workers = Task.CompletedTask;
    private Task _retries = Task.CompletedTask;

    /// <summary>Ends with <see cref="Stop"/>; fails where nothing more would be made durable.</summary>
    public Task Completion => _workers;

    /// <summary>Asks for a sync of what the partition's log holds now. A partition stands in the queue once.</summary>
    public void Request(Partition partition)
    {
        lock (_queued)
        {
            if (!_queued.Add(partition)) return;
        }
        _ = _requests.Writer.TryWrite(partition);
    }

    public void Start()
    {
        _workers = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Work()));
        _retries = Retry();
    }

    /// <summary>Serves what was asked for, then ends. What was refused by then is left to the closing of the logs.</summary>
    public async Task Stop()
    {
        _stopping.Set();
        _hasRefused.End();
        await _retries;
        _ = _requests.Writer.TryComplete();
        await _workers;
    }

    private async Task Work()
    {
        while (await _requests.Reader.WaitToReadAsync())
        {
            while (_requests.Reader.TryRead(out var partition))
            {
                lock (_queued) _ = _queued.Remove(partition);
                await partition.Log.DiskThreads.Run(() => Sync(partition));
            }
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
            // The directory's health tells of it; waiting producers run into their time-out, unacknowledged.
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
