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
    private readonly ConcurrentQueue<(FoundFolder Folder, PartitionLog Log)> _opened = new();
    private readonly ConcurrentBag<FoundFolder> _strays = [];
    private readonly ConcurrentBag<TopicPartition> _namesakes = [];
    private readonly List<(string Folder, long DelayMs)> _deleted = [];
    private Dictionary<TopicPartition, long> _recoveryPoints = [];
    private Dictionary<TopicPartition, long> _logStarts = [];
    private Dictionary<TopicPartition, long> _highWatermarks = [];

    /// <summary>Opens all logs, so many at a time. Where it fails none is left open.</summary>
    public async Task<FoundLogs> Load(int threads)
    {
        await _environment.DiskThreads.Run(ReadFolders);
        try
        {
            var workers = Math.Max(1, Math.Min(threads, _folders.Count));
            await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => _environment.DiskThreads.Run(OpenNext)));
            List<string> aside = [];
            await _environment.DiskThreads.Run(() => aside.AddRange(SetStraysAside()));
            return new FoundLogs([.. _opened], _deleted, [.. _namesakes], aside, _highWatermarks);
        }
        catch
        {
            foreach (var (_, log) in _opened)
                log.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Reads what the directory holds. First of all the mark of a clean stop goes, durably: whatever ends this start, the next one trusts nothing unseen.
    /// </summary>
    private void ReadFolders()
    {
        if (directory.WasClosedCleanly)
            CleanShutdownMarker.Remove(_environment.Files, directory.Path);
        _recoveryPoints = checkpoints.Read(OffsetCheckpoint.RecoveryPoints);
        _logStarts = checkpoints.Read(OffsetCheckpoint.LogStarts);
        _highWatermarks = checkpoints.Read(OffsetCheckpoint.HighWatermarks);
        foreach (var found in FoundFolder.In(_environment.Files, directory.Path))
        {
            if (found.Kind != LogFolderKind.Deleted)
            {
                _folders.Enqueue(found);
                continue;
            }
            _deleted.Add((found.Path, settings(found.Partition).FileDeleteDelayMs));
            if (!found.IsOfLiving(_environment.Files, isKnown))
                _namesakes.Add(found.Partition);
            _environment.Recovery.Repaired(new LogRepair(RepairAct.DeletionResumed, found.Path));
        }
        _environment.Recovery.Found(_folders.Count);
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
                    HighWatermark = _highWatermarks.GetValueOrDefault(found.Partition),
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
            // Left by a life that was refused its first file, or killed before it. The next creation of the partition makes it again.
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
            _opened.Enqueue((found, log));
        }
        else
        {
            _strays.Add(found);
            // One that does not say whose it is may be this topic's.
            if (topicId is not null)
                _namesakes.Add(found.Partition);
        }
    }

    /// <summary>
    /// What the checkpoints say of a folder's partition goes before the folder does: of one that has the name next, it would be the word that records are lost.
    /// </summary>
    private IEnumerable<string> SetStraysAside()
    {
        var living = _opened.Select(static opened => opened.Folder.Partition).ToHashSet();
        if (_namesakes.Where(partition => !living.Contains(partition)).ToList() is { Count: > 0 } gone)
            directory.Forget(gone);
        foreach (var stray in _strays.OrderBy(static stray => stray.Path, StringComparer.Ordinal))
        {
            _environment.Recovery.ThrowIfStopped();
            yield return directory.SetAside(stray.Path, stray.Partition, LogFolderKind.Stray);
        }
    }
}
