using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// The background tasks of the log directories, each on its own loop: retention, producers that were silent for long, recovery points and log starts, high
/// watermarks, and syncing where <c>flush.ms</c> or a rolled segment asks for it. Every loop waits by the node's clock and ends with its token.
/// A partition that cannot be served is passed over, usually because it was deleted meanwhile, and a task that failed is tried again when it is due.
/// A directory that failed is left alone, and the tasks end with the last one: the directory's health says so to everyone else.
/// </summary>
public sealed class LogMaintenance(PartitionTable partitions, LogDirectories directories, ServerConfig config, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>How often expired files are looked for, and a due <c>flush.ms</c> where <c>log.flush.scheduler.interval.ms</c> is not shorter.</summary>
    private const int SweepMs = 1_000;

    private const int SyncMs = 5_000;

    /// <summary>How often new logs are made durable.</summary>
    private const int NewLogSyncMs = 1_000;

    private readonly CancellationTokenSource _stop = new();
    private Task[] _loops = [];

    /// <summary>Ends when a task has: with the last directory, or with <see cref="DisposeAsync"/>.</summary>
    public Task Completion => _loops.Length == 0 ? Task.CompletedTask : Task.WhenAny(_loops).Unwrap();

    public void Start()
    {
        // As in Kafka, these do not begin with the node but a while later.
        var initialMs = config.GetLong(ConfigKeys.LogInitialTaskDelayMs);
        _loops =
        [
            Loop("retention", config.GetLong(ConfigKeys.LogRetentionCheckIntervalMs), ApplyRetention, initialMs),
            Loop("producers", config.GetInt(ConfigKeys.ProducerIdExpirationCheckIntervalMs), ForgetProducers),
            Loop("high watermarks", config.GetLong(ConfigKeys.ReplicaHighWatermarkCheckpointIntervalMs), () => directories.WriteHighWatermarks(HighWatermarks)),
            Loop("recovery points", config.GetInt(ConfigKeys.LogFlushOffsetCheckpointIntervalMs), directories.WriteRecoveryPoints, initialMs),
            Loop("log starts", config.GetInt(ConfigKeys.LogFlushStartOffsetCheckpointIntervalMs), directories.WriteLogStarts, initialMs),
            Loop("sync", SyncMs, SyncRolled),
            Loop("new logs", NewLogSyncMs, directories.SyncNewLogs),
            Loop("flush", Math.Min(SweepMs, config.GetLong(ConfigKeys.LogFlushSchedulerIntervalMs)),
                () => Each("flush", static partition => partition.SyncIfDue())),
            Loop("sweep", SweepMs, Sweep),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await Task.WhenAll(_loops);
        _stop.Dispose();
    }

    /// <summary>The high watermarks as they are now.</summary>
    public Dictionary<TopicPartition, long> HighWatermarks()
    {
        var offsets = new Dictionary<TopicPartition, long>();
        foreach (var partition in partitions.All) offsets[partition.Log.Partition] = partition.HighWatermark;
        return offsets;
    }

    /// <summary>The partitions whose directory serves.</summary>
    private IEnumerable<Partition> Served => partitions.All.Where(static partition => !partition.Log.Health.IsFailed);

    /// <summary>A rolled segment is synced behind the writer's back, as Kafka does: the active one stays in the page cache.</summary>
    private void SyncRolled() => Each("sync", static partition =>
    {
        if (partition.Log.HasUnsyncedRolled) partition.Log.Sync(partition.Log.ActiveSegmentBaseOffset);
    });

    private void ApplyRetention()
    {
        var now = time.WallMs();
        Each("retention", partition =>
        {
            var deleted = partition.Log.ApplyRetention(now, partition.HighWatermark);
            if (deleted > 0) LogMaintenanceLogMessages.SegmentsDeleted(logger, partition.Log.Partition, deleted, partition.Log.LogStartOffset);
        });
    }

    private void ForgetProducers()
    {
        var now = time.WallMs();
        Each("producers", partition => partition.Log.Producers.RemoveExpired(now));
    }

    private void Sweep()
    {
        var now = time.TickMs();
        Each("sweep", partition => partition.Log.DeleteDue(now));
        directories.DeleteDue(now);
    }

    /// <summary>Does something for every partition: one that cannot be served holds up none of the others.</summary>
    private void Each(string name, Action<Partition> task)
    {
        foreach (var partition in Served)
        {
            try
            {
                task(partition);
            }
            catch (ObjectDisposedException)
            {
                // Its log was deleted between the look at the table and now.
            }
            catch (Exception e) when (e is not KafkaStorageException || !partition.Log.Health.IsFailed)
            {
                LogMaintenanceLogMessages.PartitionFailed(logger, e, name, partition.Log.Partition);
            }
        }
    }

    private Task Loop(string name, long intervalMs, Action task, long? initialMs = null) =>
        Loop(name, intervalMs, () => directories.DiskThreads.Run(task), initialMs);

    private async Task Loop(string name, long intervalMs, Func<Task> task, long? initialMs = null)
    {
        var interval = TimeSpan.FromMilliseconds(Math.Clamp(intervalMs, 1, int.MaxValue));
        var wait = TimeSpan.FromMilliseconds(Math.Clamp(initialMs ?? intervalMs, 1, int.MaxValue));
        try
        {
            while (true)
            {
                await Task.Delay(wait, time, _stop.Token);
                wait = interval;
                try
                {
                    await task();
                }
                catch (Exception e) when (FileShortage.IsOfDescriptors(e))
                {
                    LogMaintenanceLogMessages.TaskLacksFiles(logger, name, e.Message);
                }
                catch (Exception e) when (directories.Online.Any())
                {
                    LogMaintenanceLogMessages.TaskFailed(logger, e, name);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            LogMaintenanceLogMessages.TaskEnded(logger, e, name);
        }
    }
}
