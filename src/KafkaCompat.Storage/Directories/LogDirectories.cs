using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Directories;

/// <summary>
/// The directories of <c>log.dirs</c> together: which one holds a partition's log, and which one gets a new log. A directory that has failed keeps its
/// place, and nothing is asked of it any more; the others serve on.
/// </summary>
public sealed class LogDirectories : IDisposable
{
    private readonly IReadOnlyList<LogDirectory> _all;
    private volatile IReadOnlyList<Uuid> _cordoned = [];

    /// <param name="opened">The directories that could be opened, in the order of <c>log.dirs</c>.</param>
    /// <param name="unopened">The paths of others that could not be.</param>
    public LogDirectories(IReadOnlyList<LogDirectory> opened, IReadOnlyList<string>? unopened = null)
    {
        ArgumentNullException.ThrowIfNull(opened);
        _all = opened;
        Unopened = unopened ?? [];
    }

    public IReadOnlyList<LogDirectory> All => _all;

    /// <summary>Where the opening of the logs is reported; one for all directories.</summary>
    public RecoveryWatch Recovery => _all[0].Environment.Recovery;

    /// <summary>Directories of <c>log.dirs</c> that could not be opened at the start: what they hold is not known.</summary>
    public IReadOnlyList<string> Unopened { get; }

    public IEnumerable<LogDirectory> Online => _all.Where(static directory => !directory.Health.IsFailed);

    public bool HasOffline => Unopened.Count > 0 || _all.Any(static directory => directory.Health.IsFailed);

    /// <summary>The ids of directories that were opened and have failed since.</summary>
    public IReadOnlyList<Uuid> FailedIds => [.. _all.Where(static directory => directory.Health.IsFailed).Select(static directory => directory.Id)];

    /// <summary>The ids of directories that take no new partitions; what they hold they go on to serve.</summary>
    public IReadOnlyList<Uuid> CordonedIds => _cordoned;

    /// <summary>The broker's epoch when all directories were closed cleanly; -1 where one was not, or by another life of the broker.</summary>
    public long BrokerEpochAtShutdown
    {
        get
        {
            var epochs = _all.Select(static directory => directory.BrokerEpochAtShutdown).Distinct().ToList();
            return Unopened.Count > 0 || epochs.Count != 1 ? -1 : epochs[0];
        }
    }

    /// <summary>
    /// Why no log may be created for a partition that the metadata assigned to a directory: that directory has failed, or may be one that was not opened.
    /// Null if one may be created.
    /// </summary>
    public string? WhyOffline(Uuid? assigned)
    {
        if (assigned is not { } wanted || !HasOffline || Online.Any(directory => directory.Id == wanted))
            return null;
        return _all.FirstOrDefault(directory => directory.Id == wanted) is { } failed
            ? $"the log directory {failed.Path} has failed"
            : Unopened.Count > 0 ? $"the log directory {string.Join(" or ", Unopened)} could not be opened" : "a log directory has failed";
    }

    /// <summary>
    /// As <see cref="WhyOffline"/>, for a partition that was there before the start: no online directory has its log, and the metadata does not say which one
    /// got it.
    /// </summary>
    public string? WhyUnplaced()
    {
        List<string> offline =
        [
            .. _all.Where(static directory => directory.Health.IsFailed).Select(static directory => $"the log directory {directory.Path} has failed"),
            .. Unopened.Select(static path => $"the log directory {path} could not be opened"),
        ];
        return offline.Count == 0 ? null : $"{string.Join(", ", offline)}, and it may hold their logs";
    }

    /// <summary>Folders of all directories that belong to no partition of the metadata.</summary>
    public IEnumerable<string> Strays => _all.SelectMany(static directory => directory.Strays);

    /// <summary>From here on the directories for which this holds take no new partitions, and all others do.</summary>
    public void Cordon(Func<LogDirectory, bool> isCordoned) => _cordoned = [.. _all.Where(isCordoned).Select(static directory => directory.Id)];

    /// <summary>The directory that holds a partition's log, in service or failed; null where none does.</summary>
    public LogDirectory? HomeOf(TopicPartition partition)
    {
        // A few directories at most: looking in each is as fast as another table, and cannot disagree with them.
        foreach (var directory in _all)
        {
            if (directory.Find(partition) is not null)
                return directory;
        }
        return null;
    }

    public PartitionLog? Find(TopicPartition partition) => HomeOf(partition)?.Find(partition);

    /// <summary>
    /// Creates the log in the directory that the metadata assigned. If that directory is not one of ours, picks the directory with the fewest logs that is not
    /// cordoned, or of all directories if every one is cordoned: the controller may have created the partition before it knew of the cordon. If the assigned
    /// directory may be one that is offline, refuses instead, because the log may still exist there.
    /// </summary>
    public PartitionLog Create(TopicPartition partition, Uuid topicId, Uuid? assigned, LogSettings settings) =>
        HomeFor(partition, assigned).Create(partition, topicId, settings);

    /// <summary>
    /// The directory in which <see cref="Create"/> would make a log; null where it would make none. Of those that may have it the one with the least
    /// <paramref name="weight"/> gets it.
    /// </summary>
    public LogDirectory? PlaceFor(TopicPartition partition, Uuid? assigned, Func<LogDirectory, long> weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        LogDirectory? home = null;
        var cordoned = _cordoned;
        foreach (var directory in Online)
        {
            if (directory.Id == assigned || directory.HasBegun(partition))
            {
                home = directory;
                break;
            }
            if (home is null || Rank(directory).CompareTo(Rank(home)) < 0)
                home = directory;
        }
        return WhyOffline(assigned) is null ? home : null;

        (bool IsCordoned, long Weight) Rank(LogDirectory directory) => (cordoned.Contains(directory.Id), weight(directory));
    }

    /// <summary>
    /// Takes logs out of service, and copies of them that were being made for another directory. What one directory refuses is done in the others all the same;
    /// one that has failed only lets go of them.
    /// </summary>
    public void Delete(params IReadOnlyCollection<TopicPartition> partitions)
    {
        KafkaStorageException? first = null;
        foreach (var directory in _all)
        {
            try
            {
                directory.Delete(partitions);
            }
            catch (KafkaStorageException failure)
            {
                first ??= failure;
            }
        }
        if (first is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
    }

    /// <summary>
    /// The high watermarks of the logs that are here, as their directories last wrote them down. What a directory says of a log that lies elsewhere is old.
    /// Where a log ends before its high watermark, or is not here although <paramref name="isExpected"/>, records are gone that were acknowledged, and
    /// <see cref="Recovery"/> hears of it.
    /// </summary>
    public Dictionary<TopicPartition, long> HighWatermarksAtStart(Func<TopicPartition, bool>? isExpected = null)
    {
        var all = new Dictionary<TopicPartition, long>();
        var without = new List<(LogDirectory Directory, TopicPartition Partition, long Offset)>();
        foreach (var directory in Online)
        {
            foreach ((var partition, var offset) in directory.HighWatermarksAtStart)
            {
                if (directory.Find(partition) is not { } log)
                {
                    // What is said of the topic that had the name before is no loss of this one.
                    if (!directory.HadNamesake(partition))
                        without.Add((directory, partition, offset));
                    continue;
                }
                all[partition] = offset;
                if (log.LogEndOffset < offset)
                    ReportLost(log.Folder, log.LogEndOffset, offset);
            }
        }
        // Where a directory is offline the log may be in that.
        foreach ((var directory, var partition, var offset) in HasOffline ? [] : without)
        {
            if (offset > 0 && isExpected?.Invoke(partition) == true && HomeOf(partition) is null)
                ReportLost(Path.Combine(directory.Path, partition.ToString()), 0, offset);
        }
        return all;
    }

    private void ReportLost(string folder, long from, long to) =>
        Recovery.Repaired(new LogRepair(RepairAct.AcknowledgedLost, folder, FromOffset: from, ToOffset: to, Count: to - from));

    /// <summary>
    /// Opens every log of every directory. A directory whose disk fails meanwhile goes offline and the others serve; two logs of one partition are what
    /// nobody can choose between.
    /// </summary>
    public async Task LoadAll(Func<TopicPartition, Uuid?, bool> isKnown, Func<TopicPartition, LogSettings> settings, int threads = 1)
    {
        try
        {
            await Task.WhenAll(Online.ToList().Select(directory => Load(directory, isKnown, settings, threads)));
        }
        finally
        {
            Recovery.Ended();
        }
        await LeaveOneOfEach();
        if (!Online.Any())
        {
            throw new KafkaStorageException($"All log directories have failed, the last one because of: {_all[^1].Health.Cause?.Message}",
                _all[^1].Health.Cause);
        }
    }

    /// <summary>
    /// Of two logs of one partition one may never have been used: its disk failed while it was made, and the partition began elsewhere. Between two that were
    /// used nobody here can choose.
    /// </summary>
    private async Task LeaveOneOfEach()
    {
        var homes = new Dictionary<TopicPartition, LogDirectory>();
        foreach (var directory in Online.ToList())
        {
            foreach (var log in directory.Logs.ToList())
            {
                if (homes.TryAdd(log.Partition, directory))
                    continue;
                var earlier = homes[log.Partition];
                var other = earlier.Find(log.Partition)!;
                if (!WasUsed(directory, log))
                {
                    await DeleteUnused(directory, log);
                    continue;
                }
                if (WasUsed(earlier, other))
                {
                    throw new LogCorruptionException($"Duplicate log directories found: {other.Folder}, {log.Folder}! Both hold records of {log.Partition}. "
                        + "Move one of them out of its log directory, as a rule that of the directory that had failed last, and start again.");
                }
                await DeleteUnused(earlier, other);
                homes[log.Partition] = directory;
            }
        }
    }

    /// <summary>A log that is empty may be one that lost all its records, and then the high watermark says that there were some.</summary>
    private static bool WasUsed(LogDirectory directory, PartitionLog log) =>
        log.LogEndOffset > 0 || directory.HighWatermarksAtStart.GetValueOrDefault(log.Partition) > 0;

    private async Task DeleteUnused(LogDirectory directory, PartitionLog log)
    {
        try
        {
            await directory.Environment.DiskThreads.Run(() => directory.Delete(log.Partition));
            directory.Environment.Recovery.Repaired(new LogRepair(RepairAct.UnusedFolderDeleted, log.Folder));
        }
        catch (Exception failure) when (CanDoWithout(failure))
        {
            Lose(directory, failure);
        }
    }

    private async Task Load(LogDirectory directory, Func<TopicPartition, Uuid?, bool> isKnown, Func<TopicPartition, LogSettings> settings, int threads)
    {
        try
        {
            await directory.LoadAll(isKnown, settings, threads);
        }
        catch (Exception failure) when (CanDoWithout(failure))
        {
            Lose(directory, failure);
        }
    }

    /// <summary>Where there are others, a directory that cannot be read goes offline. A lack of descriptors is no fault of a directory.</summary>
    private bool CanDoWithout(Exception failure) =>
        _all.Count > 1 && failure is IOException or LogCorruptionException && !FileShortage.IsOfDescriptors(failure);

    private static void Lose(LogDirectory directory, Exception failure)
    {
        directory.Health.Fail(failure);
        directory.Abandon();
    }

    public void Dispose()
    {
        foreach (var directory in _all)
            directory.Dispose();
    }

    private LogDirectory HomeFor(TopicPartition partition, Uuid? assigned)
    {
        Invariant.Holds(Find(partition) is null, $"{partition} is to have a second log, beside that in {HomeOf(partition)?.Path}");
        if (PlaceFor(partition, assigned, static directory => directory.Count) is { } home)
            return home;
        throw new KafkaStorageException($"Cannot create the log of {partition}: {(Online.Any() ? WhyOffline(assigned) : "every log directory has failed")}.");
    }
}
