using System.Threading.Channels;
using KafkaCompat.Storage;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Makes logs durable away from the threads that append. Requests for one partition that come while its sync is under way
/// are served by the next one together: a group commit.
/// </summary>
public sealed class LogSyncer
{
    private readonly Channel<Partition> _requests = Channel.CreateUnbounded<Partition>(new UnboundedChannelOptions { SingleReader = true });
    private readonly HashSet<Partition> _queued = [];
    private Task _loop = Task.CompletedTask;

    /// <summary>Asks for a sync of what the partition's log holds now. A partition stands in the queue once.</summary>
    public void Request(Partition partition)
    {
        lock (_queued)
        {
            if (!_queued.Add(partition)) return;
        }
        _ = _requests.Writer.TryWrite(partition);
    }

    public void Start() => _loop = Run();

    /// <summary>Serves what was asked for, then ends.</summary>
    public async Task Stop()
    {
        _ = _requests.Writer.TryComplete();
        await _loop;
    }

    private async Task Run()
    {
        while (await _requests.Reader.WaitToReadAsync())
        {
            while (_requests.Reader.TryRead(out var partition))
            {
                lock (_queued) _ = _queued.Remove(partition);
                try
                {
                    partition.Log.Sync();
                    partition.OnSynced();
                }
                catch (Exception e) when (e is KafkaStorageException or ObjectDisposedException)
                {
                    // The directory's health tells of a failed disk; waiting producers run into their time-out, unacknowledged.
                }
            }
        }
    }
}
