using System.Collections.Concurrent;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
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

    private readonly DeletedFolders _deleted;
    private readonly ConcurrentDictionary<TopicPartition, PartitionLog> _futures = new();
    private readonly ConcurrentQueue<PartitionLog> _unsyncedNew = new();

    /// <summary>Partitions whose name another topic had here, whose folder this start found: deleted, or set aside.</summary>
    private readonly ConcurrentDictionary<TopicPartition, byte> _namesakes = new();

    /// <summary>
    /// Partitions whose folder was made here and whose log was not, because it was refused: for lack of descriptors. Made again here, or deleted with their
    /// topic. In no other directory meanwhile, or the next start finds two logs of one partition.
    /// </summary>
    private readonly ConcurrentDictionary<TopicPartition, byte> _begun = new();
    private readonly DirectoryCheckpoints _checkpoints;

    /// <summary>New logs that are made side by side: file systems commit what is synced at one moment together.</summary>
    private const int CreatedAtATime = 8;

    private const int SyncedAtATime = 4;

    private LogDirectory(LogEnvironment environment, string path, IDisposable @lock)
    {
        Environment = environment;
        Path = path;
        _lock = @lock;
        _checkpoints = new DirectoryCheckpoints(environment, path);
        _deleted = new DeletedFolders(environment);
        Meta = MetaProperties.Read(environment.Files, path);
        WasClosedCleanly = CleanShutdownMarker.TryRead(environment.Files, path, out var epoch);
        BrokerEpochAtShutdown = epoch;
    }

    public string Path { get; }

    public LogEnvironment Environment { get; }

    public DirectoryHealth Health => Environment.Health;

    /// <summary>
    /// Why no file can be opened here for lack of descriptors; null where one can. Once something was refused it is tried: who was refused may never ask again.
    /// </summary>
    public Exception? FindShortage()
    {
        if (Health.Shortage is null)
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
        Health.ShortageIsOver();
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

    public IEnumerable<PartitionLog> Logs => _logs.Values.OrderBy(static log => log.Partition, TopicPartition.Order);

    public int Count => _logs.Count;

    /// <summary>
    /// Copies of logs that lie in another directory: moves that were under way. Kafka goes on with them; here they stay as they are for as long as
    /// their partition lives.
    /// </summary>
    public IEnumerable<PartitionLog> Futures => _futures.Values.OrderBy(static log => log.Partition, TopicPartition.Order);

    private IEnumerable<PartitionLog> Opened => Logs.Concat(Futures);

    /// <summary>Takes the directory. Throws <see cref="DirectoryInUseException"/> where another process has it.</summary>
    public static LogDirectory Open(LogEnvironment environment, string path)
    {
        environment.Files.CreateFolder(path);
        var @lock = environment.Files.TryLock(System.IO.Path.Combine(path, LockFileName))
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
        var found = await new LogLoading(this, _checkpoints, isKnown, settings).Load(threads);
        foreach (var (folder, log) in found.Opened)
            AddOpened(folder, log);
        foreach (var (folder, delayMs) in found.Deleted)
            _deleted.Add(folder, delayMs);
        foreach (var partition in found.Namesakes)
            _ = _namesakes.TryAdd(partition, 0);
        (HighWatermarksAtStart, Strays) = (found.HighWatermarks, found.Strays);
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
    /// Makes the folder and the log of a new partition. As with Kafka a crash of the machine may take it, and the next start makes it again from the metadata:
    /// it is durable with the first sync of its records, or after <see cref="SyncNewLogs"/>.
    /// </summary>
    public PartitionLog Create(TopicPartition partition, Uuid topicId, LogSettings settings)
    {
        var created = new NewLog(partition, topicId, settings, LeaderEpochCache.Undefined);
        ForgetNamesakes([created]);
        var log = CreateUnsynced(created);
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
        await Environment.DiskThreads.Run(() => ForgetNamesakes(partitions));
        var waiting = new ConcurrentQueue<NewLog>(partitions);
        var created = new ConcurrentQueue<PartitionLog>();
        try
        {
            await Task.WhenAll(Enumerable.Range(0, Math.Min(CreatedAtATime, partitions.Count)).Select(_ => Environment.DiskThreads.Run(() =>
            {
                while (waiting.TryDequeue(out var next))
                {
                    Environment.Recovery.ThrowIfStopped();
                    created.Enqueue(CreateUnsynced(next));
                }
            })));
            AddCreated([.. created]);
        }
        catch
        {
            foreach (var log in created)
                log.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes durable what <see cref="Create"/> made since the last time: the folders' names together, then each folder by itself, several at a time.
    /// </summary>
    public async Task SyncNewLogs()
    {
        if (_unsyncedNew.IsEmpty)
            return;
        Health.Require();
        var waiting = new ConcurrentQueue<PartitionLog>();
        while (_unsyncedNew.TryDequeue(out var log))
            waiting.Enqueue(log);
        try
        {
            await Environment.DiskThreads.Run(() => Environment.Files.SyncFolder(Path));
            await Task.WhenAll(Enumerable.Range(0, Math.Min(SyncedAtATime, waiting.Count)).Select(_ => Environment.DiskThreads.Run(() =>
            {
                while (!Health.IsFailed && waiting.TryDequeue(out var next))
                    SyncNewLog(next);
            })));
        }
        catch (IOException failure)
        {
            throw Health.RefusedBy(failure);
        }
        finally
        {
            foreach (var log in waiting)
                _unsyncedNew.Enqueue(log);
        }
    }

    /// <summary>
    /// Takes logs out of service, and the copies of such that lie elsewhere. Their folders get names that end in <c>-delete</c> at once, and go when the delay
    /// is over, in <see cref="DeleteDue"/>. The checkpoint files forget them. Many are made durable together.
    /// </summary>
    public void Delete(params IReadOnlyCollection<TopicPartition> partitions) => TakeOut(partitions)?.Invoke();

    /// <summary>
    /// As <see cref="Delete"/>, in two steps: nobody finds the logs from here on, and no disk is waited for. What is returned does the rest; null where there
    /// is none of them here.
    /// </summary>
    public Action? TakeOut(params IReadOnlyCollection<TopicPartition> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var gone = new List<PartitionLog>();
        var begun = new List<TopicPartition>();
        foreach (var partition in partitions)
        {
            if (_begun.TryRemove(partition, out _))
                begun.Add(partition);
            if (_logs.TryRemove(partition, out var log))
                gone.Add(log);
            if (_futures.TryRemove(partition, out var future))
                gone.Add(future);
        }
        return gone.Count == 0 && begun.Count == 0 ? null : () => SetAllDeleted(partitions, gone, begun);
    }

    private void SetAllDeleted(IReadOnlyCollection<TopicPartition> partitions, List<PartitionLog> gone, List<TopicPartition> begun)
    {
        // Closed first: whoever still reads finds a closed log and not a missing file. Regions that are being sent keep their file open.
        foreach (var log in gone)
            log.Dispose();
        // Nothing is asked of a disk that failed: the folders are strays of the next start.
        if (Health.IsFailed)
            return;
        Health.OrRefuse(() =>
        {
            foreach (var log in gone)
                SetDeleted(log);
            foreach (var partition in begun)
            {
                // One that was being made all the same is a log by now, and is deleted as one.
                if (!_logs.ContainsKey(partition))
                    SetBegunDeleted(partition);
            }
            ForgetDeleted(partitions);
        });
    }

    /// <summary>Lets go of the logs of a directory that failed while it was read. Its lock stays.</summary>
    public void Abandon()
    {
        foreach (var log in Opened)
            log.Dispose();
        _logs.Clear();
        _futures.Clear();
    }

    /// <summary>Removes the folders of deleted logs whose delay is over.</summary>
    public void DeleteDue(long tickMs)
    {
        Health.Require();
        _deleted.DeleteDue(tickMs);
    }

    /// <summary>Writes down from where on each log has to be checked after a kill.</summary>
    public void WriteRecoveryPoints() =>
        WriteCheckpoint(OffsetCheckpoint.RecoveryPoints, () => DirectoryCheckpoints.Smallest(Opened, static log => log.RecoveryPoint));

    /// <summary>Writes down where logs start that do not start with their first segment.</summary>
    public void WriteLogStarts() => WriteCheckpoint(
        OffsetCheckpoint.LogStarts,
        () => DirectoryCheckpoints.Smallest(Opened.Where(static log => log.LogStartOffset > log.FirstSegmentBaseOffset), static log => log.LogStartOffset));

    /// <summary>Writes down the high watermarks of this directory's logs, asked for when no log can be deleted or made under the answer.</summary>
    public void WriteHighWatermarks(Func<IReadOnlyDictionary<TopicPartition, long>> highWatermarks) => WriteCheckpoint(OffsetCheckpoint.HighWatermarks, () =>
    {
        var everywhere = highWatermarks();
        var here = new Dictionary<TopicPartition, long>();
        foreach (var partition in _logs.Keys.Order(TopicPartition.Order))
        {
            if (everywhere.TryGetValue(partition, out var highWatermark))
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
        foreach (var log in Opened)
            log.Dispose();
        _lock.Dispose();
    }

    private void AddOpened(FoundFolder found, PartitionLog log)
    {
        if (log.IsNameUnsynced)
            _unsyncedNew.Enqueue(log);
        (found.Kind == LogFolderKind.Future ? _futures : _logs)[found.Partition] = log;
    }

    private void WriteCheckpoint(string name, Func<IReadOnlyDictionary<TopicPartition, long>> offsets)
    {
        Health.Require();
        Health.OrRefuse(() => _checkpoints.Write(name, offsets));
    }

    /// <summary>
    /// Whatever the checkpoint files say of the names of new partitions is of others that had them: deleted by a life that was killed before it wrote that
    /// down, set aside, or gone with a disk.
    /// </summary>
    private void ForgetNamesakes(IReadOnlyCollection<NewLog> created)
    {
        Health.Require();
        Health.OrRefuse(() => _checkpoints.Forget([.. created.Where(each => !IsBegun(each)).Select(static each => each.Partition)]));
    }

    /// <summary>Whether the folder of a partition is there and its own: it was refused before it was done.</summary>
    private bool IsBegun(in NewLog created)
    {
        var folder = PathOf(created.Partition.ToString());
        try
        {
            return Environment.Files.FolderExists(folder) && PartitionMetadataFile.Read(Environment.Files, folder) == created.TopicId;
        }
        catch (LogCorruptionException)
        {
            return false;
        }
    }

    private async Task CloseFiles(long brokerEpoch, IReadOnlyDictionary<TopicPartition, long> highWatermarks)
    {
        await LogClosing.CloseAll(Environment, Path, Opened);
        await Environment.DiskThreads.Run(() =>
        {
            WriteRecoveryPoints();
            WriteLogStarts();
            WriteHighWatermarks(() => highWatermarks);
            var cleaner = PathOf(OffsetCheckpoint.Cleaner);
            if (!Environment.Files.FileExists(cleaner))
                OffsetCheckpoint.Write(Environment.Files, cleaner, new Dictionary<TopicPartition, long>());
            CleanShutdownMarker.Write(Environment.Files, Path, brokerEpoch);
        });
    }

    /// <summary>A new log, nothing of which is durable yet.</summary>
    private PartitionLog CreateUnsynced(in NewLog created)
    {
        Health.Require();
        var folder = PathOf(created.Partition.ToString());
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
            var log =
                PartitionLog.Open(Environment, folder, created.Partition, created.Settings, new LogOpening(IsClean: false, LogStartOffset: logStart));
            log.TopicId = created.TopicId;
            if (created.LeaderEpoch != LeaderEpochCache.Undefined)
                log.Epochs.Assign(created.LeaderEpoch, log.LogEndOffset);
            log.IsNameUnsynced = true;
            return log;
        }
        catch (Exception failure) when (failure is IOException and not KafkaStorageException)
        {
            throw Health.RefusedBy(failure);
        }
    }

    private void SyncNewLog(PartitionLog log)
    {
        try
        {
            log.SyncName(isNameDurable: true);
        }
        catch (KafkaStorageException) when (!Health.IsFailed)
        {
            // It lacks descriptors, which will pass.
            _unsyncedNew.Enqueue(log);
        }
    }

    private void AddCreated(PartitionLog[] created)
    {
        foreach (var log in created)
        {
            Invariant.Holds(_logs.TryAdd(log.Partition, log), $"The log of {log.Partition} exists");
            _ = _begun.TryRemove(log.Partition, out _);
            _unsyncedNew.Enqueue(log);
        }
    }

    /// <summary>Gives a folder the name of a stray or a deleted one; returns it.</summary>
    internal string SetAside(string folder, TopicPartition partition, LogFolderKind kind)
    {
        var aside = PathOf(partition.SetAsideName(kind, Environment.NextGuid()));
        Environment.Files.Rename(folder, aside);
        return aside;
    }

    private void SetDeleted(PartitionLog log)
    {
        var deleted = SetAside(log.Folder, log.Partition, LogFolderKind.Deleted);
        log.Moved(deleted);
        _deleted.Add(deleted, log.Settings.FileDeleteDelayMs);
    }

    /// <summary>The checkpoint files forget partitions whose folders have their names still. Where that is refused the folders must keep them.</summary>
    internal void Forget(IReadOnlyCollection<TopicPartition> partitions) => _checkpoints.Forget(partitions, syncFolder: true);

    private void ForgetDeleted(IReadOnlyCollection<TopicPartition> partitions)
    {
        try
        {
            _checkpoints.Forget(partitions, syncFolder: true);
        }
        catch (IOException failure) when (FileShortage.IsOfDescriptors(failure))
        {
            // The folders have their new names already, for which no descriptor is needed. The next background task writes the files, or the next partition's.
            _ = Health.RefusedBy(failure);
        }
    }

    /// <summary>As <see cref="SetDeleted"/>, of a folder whose log was never made. Nobody reads it, so nothing waits for it to go.</summary>
    private void SetBegunDeleted(TopicPartition partition)
    {
        var folder = PathOf(partition.ToString());
        if (!Environment.Files.FolderExists(folder))
            return;
        _deleted.Add(SetAside(folder, partition, LogFolderKind.Deleted), 0);
    }

    private string PathOf(string name) => System.IO.Path.Combine(Path, name);
}
