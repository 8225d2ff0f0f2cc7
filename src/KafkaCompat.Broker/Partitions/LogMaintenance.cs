using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// The background tasks of the log directories: retention, producers that were silent for long, recovery points and log starts, high watermarks, and syncing
/// where <c>flush.ms</c> or a rolled segment asks for it. Each directory has its own, on its own threads: a disk that does not answer keeps those of no other.
/// Every task waits by the node's clock and ends with its token.
/// A partition that cannot be served is passed over, usually because it was deleted meanwhile, and a task that failed is tried again when it is due.
/// A directory that failed is left alone, and its tasks end: the directory's health says so to everyone else.
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
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task[] _loops = [];

    /// <summary>Ends with the tasks of the last directory, or with <see cref="DisposeAsync"/>; fails where a task has.</summary>
    public Task Completion => _loops.Length == 0 ? Task.CompletedTask : _completion.Task;

    public void Start()
    {
        _loops = [.. directories.All.SelectMany(LoopsOf)];
        // The first that fails is logged at once, and the end with the last.
        foreach (var loop in _loops) _ = Complete(loop, isLast: false);
        _ = Complete(Task.WhenAll(_loops), isLast: true);
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

    private IEnumerable<Task> LoopsOf(LogDirectory directory)
    {
        // As in Kafka, these do not begin with the node but a while later.
        var initialMs = config.GetLong(ConfigKeys.LogInitialTaskDelayMs);
        return
        [
            Loop("retention", config.GetLong(ConfigKeys.LogRetentionCheckIntervalMs), ApplyRetention, initialMs),
            Loop("producers", config.GetInt(ConfigKeys.ProducerIdExpirationCheckIntervalMs), ForgetProducers),
            Loop("high watermarks", config.GetLong(ConfigKeys.ReplicaHighWatermarkCheckpointIntervalMs), each => each.WriteHighWatermarks(HighWatermarks)),
            Loop("recovery points", config.GetInt(ConfigKeys.LogFlushOffsetCheckpointIntervalMs), static each => each.WriteRecoveryPoints(), initialMs),
            Loop("log starts", config.GetInt(ConfigKeys.LogFlushStartOffsetCheckpointIntervalMs), static each => each.WriteLogStarts(), initialMs),
            Loop("sync", SyncMs, SyncRolled),
            Run("new logs", directory, NewLogSyncMs, NewLogSyncMs, directory.SyncNewLogs),
            Loop("flush", Math.Min(SweepMs, config.GetLong(ConfigKeys.LogFlushSchedulerIntervalMs)),
                each => Each("flush", each, static partition => partition.SyncIfDue())),
            Loop("sweep", SweepMs, Sweep),
        ];

        Task Loop(string name, long intervalMs, Action<LogDirectory> task, long? initialMs = null) =>
            Run(name, directory, intervalMs, initialMs ?? intervalMs, () => directory.Environment.DiskThreads.Run(() => task(directory)));
    }

    /// <summary>A rolled segment is synced behind the writer's back, as Kafka does: the active one stays in the page cache.</summary>
    private void SyncRolled(LogDirectory directory) => Each("sync", directory, static partition =>
    {
        if (partition.Log.HasUnsyncedRolled) partition.Log.Sync(partition.Log.ActiveSegmentBaseOffset);
    });

    private void ApplyRetention(LogDirectory directory)
    {
        var now = time.WallMs();
        Each("retention", directory, partition =>
        {
            var deleted = partition.Log.ApplyRetention(now, partition.HighWatermark);
            if (deleted > 0) LogMaintenanceLogMessages.SegmentsDeleted(logger, partition.Log.Partition, deleted, partition.Log.LogStartOffset);
        });
    }

    private void ForgetProducers(LogDirectory directory)
    {
        var now = time.WallMs();
        Each("producers", directory, partition => partition.Log.Producers.RemoveExpired(now));
    }

    private void Sweep(LogDirectory directory)
    {
        var now = time.TickMs();
        Each("sweep", directory, partition => partition.Log.DeleteDue(now));
        directory.DeleteDue(now);
    }

    /// <summary>Does something for every partition of a directory: one that cannot be served holds up none of the others.</summary>
    private void Each(string name, LogDirectory directory, Action<Partition> task)
    {
        foreach (var partition in partitions.In(directory.Health))
        {
            if (directory.Health.IsFailed) return;
            try
            {
                task(partition);
            }
            catch (ObjectDisposedException)
            {
                // Its log was deleted between the look at the table and now.
            }
            catch (Exception e) when ((e is not KafkaStorageException || !directory.Health.IsFailed) && FatalFaults.MayBeSwallowed(e))
            {
                LogMaintenanceLogMessages.PartitionFailed(logger, e, name, partition.Log.Partition);
            }
        }
    }

    private async Task Run(string name, LogDirectory directory, long intervalMs, long initialMs, Func<Task> task)
    {
        var interval = TimeSpan.FromMilliseconds(Math.Clamp(intervalMs, 1, int.MaxValue));
        var wait = TimeSpan.FromMilliseconds(Math.Clamp(initialMs, 1, int.MaxValue));
        try
        {
            while (!directory.Health.IsFailed)
            {
                await Task.Delay(wait, time, _stop.Token);
                wait = interval;
                try
                {
                    if (!directory.Health.IsFailed) await task();
                }
                catch (Exception e) when (FileShortage.IsOfDescriptors(e))
                {
                    LogMaintenanceLogMessages.TaskLacksFiles(logger, name, e.Message);
                }
                catch (Exception e) when (FatalFaults.MayBeSwallowed(e))
                {
                    // A directory that has failed is reported once, and not by each of its tasks.
                    if (!directory.Health.IsFailed) LogMaintenanceLogMessages.TaskFailed(logger, e, name, directory.Path);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private async Task Complete(Task loops, bool isLast)
    {
        try
        {
            await loops;
            if (isLast) _ = _completion.TrySetResult();
        }
        catch (Exception failure)
        {
            _ = _completion.TrySetException(failure);
        }
    }
}
