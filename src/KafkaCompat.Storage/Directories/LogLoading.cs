using System.Collections.Concurrent;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Directories;

/// <summary>
/// A start reads the folders of one directory, several at a time on the environment's threads for the disk: a partition's folder becomes its log, one that no
/// partition of the metadata owns is set aside, and deleted ones are left to go.
/// </summary>
internal sealed class LogLoading(
    LogDirectory directory, DirectoryCheckpoints checkpoints, Func<TopicPartition, Uuid?, bool> isKnown, Func<TopicPartition, LogSettings> settings)
{
    private readonly LogEnvironment _environment = directory.Environment;
    private readonly ConcurrentQueue<FoundFolder> _folders = new();
    private readonly ConcurrentBag<string> _strays = [];
    private Dictionary<TopicPartition, long> _recoveryPoints = [];
    private Dictionary<TopicPartition, long> _logStarts = [];

    /// <summary>The high watermarks as the last life wrote them down; there once the files were read.</summary>
    public Dictionary<TopicPartition, long> HighWatermarks { get; private set; } = [];

    /// <summary>Hears of each log that was opened, from any of the threads.</summary>
    public required Action<FoundFolder, PartitionLog> Opened { get; init; }

    /// <summary>Hears of each deleted folder, which goes after a delay in ms.</summary>
    public required Action<string, long> Deleted { get; init; }

    /// <summary>Hears of each partition whose name another topic had here.</summary>
    public required Action<TopicPartition> Namesake { get; init; }

    /// <summary>
    /// Reads what the directory holds. First of all the mark of a clean stop goes, durably: whatever ends this start, the next one trusts nothing unseen.
    /// </summary>
    public void ReadFolders()
    {
        if (directory.WasClosedCleanly)
            CleanShutdownMarker.Remove(_environment.Files, directory.Path);
        _recoveryPoints = checkpoints.Read(OffsetCheckpoint.RecoveryPoints);
        _logStarts = checkpoints.Read(OffsetCheckpoint.LogStarts);
        HighWatermarks = checkpoints.Read(OffsetCheckpoint.HighWatermarks);
        foreach (var found in FoundFolder.In(_environment.Files, directory.Path))
        {
            if (found.Kind != LogFolderKind.Deleted)
            {
                _folders.Enqueue(found);
                continue;
            }
            Deleted(found.Path, settings(found.Partition).FileDeleteDelayMs);
            if (!found.IsOfLiving(_environment.Files, isKnown))
                Namesake(found.Partition);
            _environment.Recovery.Repaired(new LogRepair(RepairAct.DeletionResumed, found.Path));
        }
        _environment.Recovery.Found(_folders.Count);
    }

    /// <summary>Opens all logs; returns the new names of the folders that were set aside.</summary>
    public async Task<IReadOnlyList<string>> OpenAll(int threads)
    {
        var workers = Math.Max(1, Math.Min(threads, _folders.Count));
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => _environment.DiskThreads.Run(OpenNext)));
        return [.. _strays.Order(StringComparer.Ordinal)];
    }

    private void OpenNext()
    {
        try
        {
            while (_folders.TryDequeue(out var found))
            {
                _environment.Recovery.ThrowIfStopped();
                var (recoveryPoint, logStart) = (_recoveryPoints.GetValueOrDefault(found.Partition), _logStarts.GetValueOrDefault(found.Partition));
                var opening = new LogOpening(directory.WasClosedCleanly, recoveryPoint, logStart)
                {
                    HighWatermark = HighWatermarks.GetValueOrDefault(found.Partition),
                };
                Open(found, opening);
                _environment.Recovery.Opened();
            }
        }
        catch
        {
            // The others have nothing more to do.
            _folders.Clear();
            throw;
        }
    }

    private void Open(in FoundFolder found, LogOpening opening)
    {
        var topicId = PartitionMetadataFile.Read(_environment.Files, found.Path);
        if (topicId is null && found.IsUnused(_environment.Files))
        {
            // Left by a life that was refused its first file, or killed before it. Whoever the partition is made for makes it anew.
            _environment.Files.DeleteFolder(found.Path);
            _environment.Recovery.Repaired(new LogRepair(RepairAct.UnusedFolderDeleted, found.Path));
        }
        else if (isKnown(found.Partition, topicId))
        {
            var log = PartitionLog.Open(_environment, found.Path, found.Partition, settings(found.Partition), opening);
            log.TopicId = topicId;
            // What the last life made may lie in memory alone still, the folder's name and what says whose it is too.
            if (!directory.WasClosedCleanly)
                log.IsNameUnsynced = true;
            Opened(found, log);
        }
        else
        {
            _strays.Add(directory.SetAside(found.Path, found.Partition, LogFolderKind.Stray));
            // One that does not say whose it is may be this topic's.
            if (topicId is not null)
                Namesake(found.Partition);
        }
    }
}
