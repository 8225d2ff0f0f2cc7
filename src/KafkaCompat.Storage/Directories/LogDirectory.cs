using System.Collections.Concurrent;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Directories;

/// <summary>
/// One of the broker's <c>log.dirs</c>: its lock, its identity, its checkpoint files, and the logs in its folders. The metadata log lies in
/// one of them too, but belongs to the quorum, which opens it by itself.
/// </summary>
/// <remarks>
/// Order of use: <see cref="Open"/> takes the lock and reads what the directory says about itself; <see cref="LoadAll"/> opens the logs once
/// the metadata is known; <see cref="CloseCleanly"/> or <see cref="Dispose"/> ends it.
/// </remarks>
public sealed class LogDirectory : IDisposable
{
    public const string LockFileName = ".lock";
    public const string CleanMarkerName = CleanShutdownMarker.FileName;

    private readonly IDisposable _lock;
    private readonly ConcurrentDictionary<TopicPartition, PartitionLog> _logs = new();

    /// <summary>Folders of deleted logs, by when they are due: each has the delay of its topic.</summary>
    private readonly PriorityQueue<string, long> _deleted = new();
    private readonly ConcurrentDictionary<TopicPartition, PartitionLog> _futures = new();
    private readonly ConcurrentQueue<PartitionLog> _unsettled = new();

    /// <summary>Partitions whose name another topic had here, whose folder this start found: deleted, or set aside.</summary>
    private readonly ConcurrentDictionary<TopicPartition, byte> _namesakes = new();

    /// <summary>
    /// Partitions whose folder was made here and whose log was not, because it was refused: for lack of descriptors. Made anew here, or deleted with their
    /// topic. In no other directory meanwhile, or the next start finds two logs of one partition.
    /// </summary>
    private readonly ConcurrentDictionary<TopicPartition, byte> _begun = new();
    private readonly DirectoryCheckpoints _checkpoints;
    private readonly Lock _gate = new();

    /// <summary>New logs that are made side by side: file systems commit what is synced at one moment together.</summary>
    private const int CreatedAtATime = 8;

    private const int SettledAtATime = 4;

    /// <summary>Logs that are closed side by side, for the same reason.</summary>
    private const int ClosedAtATime = 8;

    /// <summary>A folder that holds a log, or a copy of one.</summary>
    private readonly record struct FoundFolder(TopicPartition Partition, string Folder, LogFolderKind Kind);

    private LogDirectory(LogEnvironment environment, string path, IDisposable @lock)
    {
        Environment = environment;
        Path = path;
        _lock = @lock;
        _checkpoints = new DirectoryCheckpoints(environment, path);
        Meta = MetaProperties.Read(environment.Files, path);
        WasClosedCleanly = CleanShutdownMarker.TryRead(environment.Files, path, out long epoch);
        BrokerEpochAtShutdown = epoch;
    }

    public string Path { get; }

    public LogEnvironment Environment { get; }

    public DirectoryHealth Health => Environment.Health;

    /// <summary>
    /// Why no file can be opened here for lack of descriptors; null where one can. Once something was refused it is tried: who was refused may never ask again.
    /// </summary>
    public Exception? FindLack()
    {
        if (Health.Lack is null)
            return null;
        try
        {
            Environment.Files.Open(PathOf(MetaProperties.FileName), FileOpening.Read).Dispose();
        }
        catch (IOException failure)
        {
            if (FileShortage.IsOfDescriptors(failure))
                return failure;
        }
        Health.LackIsOver();
        return null;
    }

    /// <summary>The id by which the metadata knows the directory; zero where it is not formatted.</summary>
    public Uuid Id => Meta?.DirectoryId ?? default;

    /// <summary>Whose directory it is; null where it is not formatted.</summary>
    public MetaProperties? Meta { get; }

    public bool WasClosedCleanly { get; }

    /// <summary>The broker's epoch when it was closed cleanly, or -1.</summary>
    public long BrokerEpochAtShutdown { get; }

    /// <summary>Folders that belong to no partition of the metadata, by the name that they have now.</summary>
    public IReadOnlyList<string> Strays { get; private set; } = [];

    public IEnumerable<PartitionLog> Logs => _logs.Values;

    public int Count => _logs.Count;

    /// <summary>
    /// Copies of logs that lie in another directory: moves that were under way. Kafka goes on with them; here they stay as they are for as long as
    /// their partition lives.
    /// </summary>
    public IEnumerable<PartitionLog> Futures => _futures.Values;

    private IEnumerable<PartitionLog> Opened => _logs.Values.Concat(_futures.Values);

    /// <summary>Takes the directory. Throws <see cref="DirectoryInUseException"/> where another process has it.</summary>
    public static LogDirectory Open(LogEnvironment environment, string path)
    {
        environment.Files.CreateFolder(path);
        IDisposable @lock = environment.Files.TryLock(System.IO.Path.Combine(path, LockFileName))
            ?? throw new DirectoryInUseException(
            $"Failed to acquire lock on file {LockFileName} in {path}. A Kafka instance in another process or thread is using this directory.");
        try
        {
            return new LogDirectory(environment, path, @lock);
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    /// <summary>The high watermarks as they were last written down, read from the file.</summary>
    public Dictionary<TopicPartition, long> ReadHighWatermarks() => _checkpoints.Read(OffsetCheckpoint.HighWatermarks);

    /// <summary>The high watermarks as the last life wrote them down; there from <see cref="LoadAll"/> on.</summary>
    public IReadOnlyDictionary<TopicPartition, long> HighWatermarksAtStart { get; private set; } = new Dictionary<TopicPartition, long>();

    /// <summary>
    /// Opens every log of the directory, several at a time on the environment's threads for the disk. A folder whose partition and topic id (null where the
    /// folder has none) the metadata does not know is set aside as stray. <see cref="LogCorruptionException"/> says what Kafka would not start over.
    /// </summary>
    public async Task LoadAll(Func<TopicPartition, Uuid?, bool> isKnown, Func<TopicPartition, LogSettings> settings, int threads = 1)
    {
        var folders = new ConcurrentQueue<FoundFolder>();
        Dictionary<TopicPartition, long> recoveryPoints = [], logStarts = [];
        await Environment.DiskThreads.Run(() =>
        {
            // First of all, and durably: whatever ends this start from here on, the next one trusts nothing unseen.
            if (WasClosedCleanly)
                CleanShutdownMarker.Remove(Environment.Files, Path);
            recoveryPoints = _checkpoints.Read(OffsetCheckpoint.RecoveryPoints);
            logStarts = _checkpoints.Read(OffsetCheckpoint.LogStarts);
            HighWatermarksAtStart = ReadHighWatermarks();
            FindFolders(isKnown, settings, folders);
        });
        Environment.Recovery.Found(folders.Count);
        var strays = new ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, Math.Max(1, Math.Min(threads, folders.Count))).Select(_ => Environment.DiskThreads.Run(() =>
        {
            try
            {
                while (folders.TryDequeue(out FoundFolder found))
                {
                    Environment.Recovery.ThrowIfStopped();
                    var opening =
                        new LogOpening(WasClosedCleanly, recoveryPoints.GetValueOrDefault(found.Partition), logStarts.GetValueOrDefault(found.Partition))
                        {
                            HighWatermark = HighWatermarksAtStart.GetValueOrDefault(found.Partition),
                        };
                    if (LoadOne(found, isKnown, settings, opening) is { } stray)
                        strays.Add(stray);
                }
            }
            catch
            {
                // The others have nothing more to do.
                folders.Clear();
                throw;
            }
        })));
        Strays = [.. strays.Order(StringComparer.Ordinal)];
        if (Strays.Count > 0)
            await Environment.DiskThreads.Run(() => Environment.Files.SyncFolder(Path));
    }

    /// <summary>
    /// Whether this start found the folder of another topic under a partition's name. What the checkpoints say of the name is of that one then: the last life
    /// was killed before they forgot it.
    /// </summary>
    public bool HadNamesake(TopicPartition partition) => _namesakes.ContainsKey(partition);

    /// <summary>Whether the making of a partition's log was begun here and refused.</summary>
    internal bool HasBegun(TopicPartition partition) => _begun.ContainsKey(partition);

    public PartitionLog? Find(TopicPartition partition) => _logs.GetValueOrDefault(partition);

    /// <summary>
    /// Makes the folder and the log of a new partition. As with Kafka a crash of the machine may take it, and the next start makes it anew from the metadata:
    /// it is durable with the first sync of its records, or after <see cref="Settle"/>.
    /// </summary>
    public PartitionLog Create(TopicPartition partition, Uuid topicId, LogSettings settings)
    {
        var created = new NewLog(partition, topicId, settings, LeaderEpochCache.Undefined);
        ForgetNamesakes([created]);
        PartitionLog log = CreateUnsettled(created);
        AddCreated([log]);
        return log;
    }

    /// <summary>
    /// As <see cref="Create"/>, for many partitions, several at a time on the environment's threads for the disk. All of them are here when it is done, or
    /// none.
    /// </summary>
    public async Task CreateAll(IReadOnlyCollection<NewLog> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        ForgetNamesakes(partitions);
        var waiting = new ConcurrentQueue<NewLog>(partitions);
        var created = new ConcurrentQueue<PartitionLog>();
        try
        {
            await Task.WhenAll(Enumerable.Range(0, Math.Min(CreatedAtATime, partitions.Count)).Select(_ => Environment.DiskThreads.Run(() =>
            {
                while (waiting.TryDequeue(out NewLog next))
                {
                    Environment.Recovery.ThrowIfStopped();
                    created.Enqueue(CreateUnsettled(next));
                }
            })));
            AddCreated([.. created]);
        }
        catch
        {
            foreach (PartitionLog log in created)
                log.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes durable what <see cref="Create"/> made since the last time: the folders' names together, then each folder by itself, several at a time.
    /// </summary>
    public async Task Settle()
    {
        if (_unsettled.IsEmpty)
            return;
        Health.Require();
        var waiting = new ConcurrentQueue<PartitionLog>();
        while (_unsettled.TryDequeue(out PartitionLog? log))
            waiting.Enqueue(log);
        try
        {
            await Environment.DiskThreads.Run(() => Environment.Files.SyncFolder(Path));
            await Task.WhenAll(Enumerable.Range(0, Math.Min(SettledAtATime, waiting.Count)).Select(_ => Environment.DiskThreads.Run(() =>
            {
                while (!Health.IsFailed && waiting.TryDequeue(out PartitionLog? next))
                    SettleOne(next);
            })));
        }
        catch (IOException failure)
        {
            throw Health.RefusedBy(failure);
        }
        finally
        {
            foreach (PartitionLog log in waiting)
                _unsettled.Enqueue(log);
        }
    }

    /// <summary>
    /// Takes logs out of service, and the copies of such that lie elsewhere. Their folders get names that end in <c>-delete</c> at once, and go when the delay
    /// is over, in <see cref="DeleteDue"/>. The checkpoint files forget them. Many are made durable together.
    /// </summary>
    public void Delete(params IReadOnlyCollection<TopicPartition> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var gone = new List<PartitionLog>();
        var begun = new List<TopicPartition>();
        foreach (TopicPartition partition in partitions)
        {
            if (_begun.TryRemove(partition, out _))
                begun.Add(partition);
            if (_logs.TryRemove(partition, out PartitionLog? log))
                gone.Add(log);
            if (_futures.TryRemove(partition, out PartitionLog? future))
                gone.Add(future);
        }
        if (gone.Count == 0 && begun.Count == 0)
            return;
        // Closed first: whoever still reads finds a closed log and not a missing file. Regions that are being sent keep their file open.
        foreach (PartitionLog log in gone)
            log.Dispose();
        // Nothing is asked of a disk that failed: the folders are strays of the next start.
        if (Health.IsFailed)
            return;
        try
        {
            foreach (PartitionLog log in gone)
                SetDeleted(log);
            foreach (TopicPartition partition in begun)
                SetBegunDeleted(partition);
            ForgetDeleted(partitions);
        }
        catch (Exception failure) when (failure is IOException and not KafkaStorageException)
        {
            throw Health.RefusedBy(failure);
        }
    }

    /// <summary>Lets go of the logs of a directory that failed while it was read. Its lock stays.</summary>
    public void Abandon()
    {
        foreach (PartitionLog log in Opened)
            log.Dispose();
        _logs.Clear();
        _futures.Clear();
    }

    /// <summary>Removes the folders of deleted logs whose delay is over.</summary>
    public void DeleteDue(long tickMs)
    {
        Health.Require();
        while (true)
        {
            string? folder;
            long dueMs;
            lock (_gate)
            {
                if (!_deleted.TryPeek(out folder, out dueMs) || dueMs > tickMs)
                    return;
                _ = _deleted.Dequeue();
            }
            try
            {
                Environment.Files.DeleteFolder(folder);
            }
            catch (IOException failure)
            {
                lock (_gate)
                    _deleted.Enqueue(folder, dueMs);
                throw Health.RefusedBy(failure);
            }
        }
    }

    /// <summary>Writes down from where on each log has to be checked after a kill.</summary>
    public void WriteRecoveryPoints() =>
        WriteCheckpoint(OffsetCheckpoint.RecoveryPoints, () => Smallest(Opened, static log => log.RecoveryPoint));

    /// <summary>Writes down where logs start that do not start with their first segment.</summary>
    public void WriteLogStarts() => WriteCheckpoint(
        OffsetCheckpoint.LogStarts,
        () => Smallest(Opened.Where(static log => log.LogStartOffset > log.FirstSegmentBaseOffset), static log => log.LogStartOffset));

    /// <summary>Writes down the high watermarks of this directory's logs, asked for when no log can be deleted or made under the answer.</summary>
    public void WriteHighWatermarks(Func<IReadOnlyDictionary<TopicPartition, long>> highWatermarks) => WriteCheckpoint(OffsetCheckpoint.HighWatermarks, () =>
    {
        IReadOnlyDictionary<TopicPartition, long> everywhere = highWatermarks();
        var here = new Dictionary<TopicPartition, long>();
        foreach (TopicPartition partition in _logs.Keys)
        {
            if (everywhere.TryGetValue(partition, out long highWatermark))
                here[partition] = highWatermark;
        }
        return here;
    });

    /// <summary>
    /// Closes all logs as a clean shutdown does, several at a time on the environment's threads for the disk, writes the checkpoints and, last, the marker that
    /// lets the next start trust the files.
    /// </summary>
    public async Task CloseCleanly(long brokerEpoch, IReadOnlyDictionary<TopicPartition, long> highWatermarks)
    {
        try
        {
            if (!Health.IsFailed)
                await CloseFiles(brokerEpoch, highWatermarks);
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Lets go of everything as it is.</summary>
    public void Dispose()
    {
        foreach (PartitionLog log in Opened)
            log.Dispose();
        _lock.Dispose();
    }

    private void FindFolders(Func<TopicPartition, Uuid?, bool> isKnown, Func<TopicPartition, LogSettings> settings, ConcurrentQueue<FoundFolder> folders)
    {
        foreach (StoredEntry entry in Environment.Files.List(Path))
        {
            if (!entry.IsFolder || !TopicPartition.TryParseFolder(entry.Name, out TopicPartition partition, out LogFolderKind kind))
                continue;
            string folder = System.IO.Path.Combine(Path, entry.Name);
            if (kind == LogFolderKind.Deleted)
            {
                _deleted.Enqueue(folder, Environment.DueMs(settings(partition).FileDeleteDelayMs));
                if (!IsOfLiving(partition, folder, isKnown))
                    _ = _namesakes.TryAdd(partition, 0);
                Environment.Recovery.Repaired(new LogRepair(RepairAct.DeletionResumed, folder));
            }
            else if (kind is LogFolderKind.Log or LogFolderKind.Future && partition.Topic != InternalTopics.ClusterMetadata)
                folders.Enqueue(new FoundFolder(partition, folder, kind));
        }
    }

    /// <summary>
    /// Whether a deleted folder says that it is of the topic that has the name now. One that is partly removed may say nothing, and no start depends on it.
    /// </summary>
    private bool IsOfLiving(TopicPartition partition, string folder, Func<TopicPartition, Uuid?, bool> isKnown)
    {
        try
        {
            return PartitionMetadataFile.Read(Environment.Files, folder) is { } topicId && isKnown(partition, topicId);
        }
        catch (Exception failure) when (failure is IOException or LogCorruptionException)
        {
            return false;
        }
    }

    /// <summary>Opens a log; returns the new name of a folder that belongs to no partition.</summary>
    private string? LoadOne(in FoundFolder found, Func<TopicPartition, Uuid?, bool> isKnown, Func<TopicPartition, LogSettings> settings, LogOpening opening)
    {
        Uuid? topicId = PartitionMetadataFile.Read(Environment.Files, found.Folder);
        string? stray = null;
        if (topicId is null && IsUnused(found.Folder))
        {
            // Left by a life that was refused its first file, or killed before it. Whoever the partition is made for makes it anew.
            Environment.Files.DeleteFolder(found.Folder);
            Environment.Recovery.Repaired(new LogRepair(RepairAct.UnusedFolderDeleted, found.Folder));
        }
        else if (isKnown(found.Partition, topicId))
        {
            PartitionLog log = PartitionLog.Open(Environment, found.Folder, found.Partition, settings(found.Partition), opening);
            log.TopicId = topicId;
            // What the last life made may lie in memory alone still, the folder's name and what says whose it is too.
            if (!WasClosedCleanly)
            {
                log.IsUnsettled = true;
                _unsettled.Enqueue(log);
            }
            (found.Kind == LogFolderKind.Future ? _futures : _logs)[found.Partition] = log;
        }
        else
        {
            stray = SetAside(found.Folder, found.Partition, LogFolderKind.Stray);
            // One that does not say whose it is may be this topic's.
            if (topicId is not null)
                _ = _namesakes.TryAdd(found.Partition, 0);
        }
        Environment.Recovery.Opened();
        return stray;
    }

    /// <summary>Whether a folder holds nothing but what is written first, which says whose it is.</summary>
    private bool IsUnused(string folder) => Environment.Files.List(folder).All(static entry =>
        !entry.IsFolder && entry.Name is PartitionMetadataFile.FileName or PartitionMetadataFile.FileName + FileStoreOperations.TemporarySuffix);

    private void WriteCheckpoint(string name, Func<IReadOnlyDictionary<TopicPartition, long>> offsets)
    {
        Health.Require();
        try
        {
            _checkpoints.Write(name, offsets);
        }
        catch (IOException failure)
        {
            throw Health.RefusedBy(failure);
        }
    }

    /// <summary>
    /// Whatever the checkpoint files say of the names of new partitions is of others that had them: deleted by a life that was killed before it wrote that
    /// down, set aside, or gone with a disk.
    /// </summary>
    private void ForgetNamesakes(IReadOnlyCollection<NewLog> created)
    {
        Health.Require();
        try
        {
            _checkpoints.Forget([.. created.Where(each => !IsBegun(each)).Select(static each => each.Partition)]);
        }
        catch (Exception failure) when (failure is IOException and not KafkaStorageException)
        {
            throw Health.RefusedBy(failure);
        }
    }

    /// <summary>Whether the folder of a partition is there and its own: it was refused before it was done.</summary>
    private bool IsBegun(in NewLog created)
    {
        string folder = PathOf(created.Partition.ToString());
        try
        {
            return Environment.Files.FolderExists(folder) && PartitionMetadataFile.Read(Environment.Files, folder) == created.TopicId;
        }
        catch (LogCorruptionException)
        {
            return false;
        }
    }

    /// <summary>
    /// A log and the future one that is to replace it can lie in one directory, and share a line: by the smaller offset too much is checked or kept, and
    /// nothing lost.
    /// </summary>
    private static Dictionary<TopicPartition, long> Smallest(IEnumerable<PartitionLog> logs, Func<PartitionLog, long> offset) =>
        logs.GroupBy(static log => log.Partition).ToDictionary(static same => same.Key, same => same.Min(offset));

    private async Task CloseFiles(long brokerEpoch, IReadOnlyDictionary<TopicPartition, long> highWatermarks)
    {
        await CloseLogs();
        await Environment.DiskThreads.Run(() =>
        {
            WriteRecoveryPoints();
            WriteLogStarts();
            WriteHighWatermarks(() => highWatermarks);
            string cleaner = PathOf(OffsetCheckpoint.Cleaner);
            if (!Environment.Files.FileExists(cleaner))
                OffsetCheckpoint.Write(Environment.Files, cleaner, new Dictionary<TopicPartition, long>());
            CleanShutdownMarker.Write(Environment.Files, Path, brokerEpoch);
        });
    }

    private async Task CloseLogs()
    {
        var waiting = new ConcurrentQueue<PartitionLog>(Opened.OrderBy(static log => log.Folder, StringComparer.Ordinal));
        // The names of new folders together, and not each with its log.
        if (waiting.Any(static log => log.IsUnsettled))
            await Environment.DiskThreads.Run(() => Environment.Files.SyncFolder(Path));
        var lacking = new ConcurrentQueue<PartitionLog>();
        await Task.WhenAll(Enumerable.Range(0, Math.Min(ClosedAtATime, waiting.Count)).Select(_ => Environment.DiskThreads.Run(() =>
        {
            try
            {
                while (waiting.TryDequeue(out PartitionLog? next))
                {
                    try
                    {
                        next.Close(isNameDurable: true);
                    }
                    catch (KafkaStorageException refused) when (FileShortage.IsOfDescriptors(refused.GetBaseException()))
                    {
                        lacking.Enqueue(next);
                    }
                }
            }
            catch
            {
                // Without the marker the next start looks at all of them.
                waiting.Clear();
                throw;
            }
        })));
        // Logs that are closed side by side can lack descriptors together. Nothing else is open by now, and one alone needs a few.
        if (!lacking.IsEmpty)
        {
            await Environment.DiskThreads.Run(() =>
            {
                foreach (PartitionLog log in lacking)
                    log.Close(isNameDurable: true);
            });
        }
    }

    /// <summary>A new log, nothing of which is durable yet.</summary>
    private PartitionLog CreateUnsettled(in NewLog created)
    {
        Health.Require();
        string folder = PathOf(created.Partition.ToString());
        try
        {
            long logStart = 0;
            if (IsBegun(created))
                logStart = _checkpoints.Read(OffsetCheckpoint.LogStarts).GetValueOrDefault(created.Partition);
            else if (Environment.Files.FolderExists(folder))
                // Another partition's, which has this name no more: its records must not come back in this one.
                _ = SetAside(folder, created.Partition, LogFolderKind.Stray);
            _begun[created.Partition] = 0;
            Environment.Files.CreateFolder(folder);
            PartitionMetadataFile.Write(Environment.Files, folder, created.TopicId);
            PartitionLog log =
                PartitionLog.Open(Environment, folder, created.Partition, created.Settings, new LogOpening(IsClean: false, LogStartOffset: logStart));
            log.TopicId = created.TopicId;
            if (created.LeaderEpoch != LeaderEpochCache.Undefined)
                log.Epochs.Assign(created.LeaderEpoch, log.LogEndOffset);
            log.IsUnsettled = true;
            return log;
        }
        catch (Exception failure) when (failure is IOException and not KafkaStorageException)
        {
            throw Health.RefusedBy(failure);
        }
    }

    private void SettleOne(PartitionLog log)
    {
        try
        {
            log.Settle(isNameDurable: true);
        }
        catch (KafkaStorageException) when (!Health.IsFailed)
        {
            // It lacks descriptors, which will pass.
            _unsettled.Enqueue(log);
        }
    }

    private void AddCreated(PartitionLog[] created)
    {
        foreach (PartitionLog log in created)
        {
            if (!_logs.TryAdd(log.Partition, log))
                throw new InvalidOperationException($"The log of {log.Partition} exists.");
            _ = _begun.TryRemove(log.Partition, out _);
            _unsettled.Enqueue(log);
        }
    }

    private string SetAside(string folder, TopicPartition partition, LogFolderKind kind)
    {
        string aside = PathOf(partition.SetAsideName(kind, Environment.NextGuid()));
        Environment.Files.Rename(folder, aside);
        return aside;
    }

    private void SetDeleted(PartitionLog log)
    {
        string deleted = SetAside(log.Folder, log.Partition, LogFolderKind.Deleted);
        log.Moved(deleted);
        lock (_gate)
            _deleted.Enqueue(deleted, Environment.DueMs(log.Settings.FileDeleteDelayMs));
    }

    private void ForgetDeleted(IReadOnlyCollection<TopicPartition> partitions)
    {
        try
        {
            _checkpoints.Forget(partitions, syncFolder: true);
        }
        catch (IOException failure) when (FileShortage.IsOfDescriptors(failure))
        {
            // The folders have their new names already, for which no descriptor is needed. What the checkpoint files say of partitions that are gone is written
            // over by the next chore, and forgotten before a new partition has the name.
            _ = Health.RefusedBy(failure);
        }
    }

    /// <summary>As <see cref="SetDeleted"/>, of a folder whose log was never made. Nobody reads it, so nothing waits for it to go.</summary>
    private void SetBegunDeleted(TopicPartition partition)
    {
        string folder = PathOf(partition.ToString());
        if (!Environment.Files.FolderExists(folder))
            return;
        string deleted = SetAside(folder, partition, LogFolderKind.Deleted);
        lock (_gate)
            _deleted.Enqueue(deleted, Environment.DueMs(0));
    }

    private string PathOf(string name) => System.IO.Path.Combine(Path, name);
}
