using System.Threading.Channels;
using KafkaCompat.Storage;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Makes logs durable away from the threads that append. Requests for one partition that come while its sync is under way
/// are served by the next one together: a group commit. Several partitions are synced at a time, so that one slow disk does not hold up all.
/// </summary>
public sealed class LogSyncer
{
    /// <summary>Syncs at a time. File systems commit those of one moment together.</summary>
    private const int Workers = 4;

    private readonly Channel<Partition> _requests = Channel.CreateUnbounded<Partition>();
    private readonly HashSet<Partition> _queued = [];
    private Task _workers = Task.CompletedTask;

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

    public void Start() => _workers = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Work()));

    /// <summary>Serves what was asked for, then ends.</summary>
    public async Task Stop()
    {
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

    private static void Sync(Partition partition)
    {
        try
        {
            partition.Log.Sync();
            partition.OnSynced();
        }
        catch (Exception e) when (e is KafkaStorageException or ObjectDisposedException)
        {
            // The directory's health tells of a failed disk; waiting producers run into their time-out, unacknowledged.
        }
        catch (Exception e)
        {
            // Nobody knows what is durable now, which is what a failed disk means.
            partition.Log.Health.Fail(e);
        }
    }
}
