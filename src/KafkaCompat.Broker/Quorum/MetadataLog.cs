using System.Buffers;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Broker.Quorum;

/// <summary>
/// The folder <c>__cluster_metadata-0</c>: the log, the snapshots of what it led to, and the <c>quorum-state</c>. Only the quorum's loop writes here, and one
/// piece of its work at a time on snapshots, which may run beside the rest. What must not be lost is synced before the call returns. Anybody may read.
/// </summary>
public sealed class MetadataLog : IDisposable
{
    public const string FolderName = InternalTopics.ClusterMetadata + "-0";
    private const string StateFileName = "quorum-state";
    private const string DeletedSuffix = ".deleted";
    private const int ReadBytes = 1 << 20;

    private readonly LogEnvironment _environment;
    private readonly string _folder;
    private readonly PartitionLog _log;
    private readonly Queue<(string Path, long DueMs)> _deleted = new();

    /// <summary>In their order; replaced as a whole.</summary>
    private volatile SnapshotId[] _snapshots;

    private MetadataLog(LogEnvironment environment, string folder, PartitionLog log, SnapshotId[] snapshots)
    {
        _environment = environment;
        _folder = folder;
        _log = log;
        _snapshots = snapshots;
        DiskThreads = environment.DiskThreads.Of(FolderName);
    }

    /// <summary>The newest snapshot; null where there is none.</summary>
    public SnapshotId? LatestSnapshot => _snapshots is [.., var latest] ? latest : null;

    /// <summary>The first offset behind the newest snapshot; the log's start where there is none.</summary>
    public long FirstOffset => LatestSnapshot?.EndOffset ?? StartOffset;

    /// <summary>The threads that wait for this log's disk.</summary>
    public IWorkThreads DiskThreads { get; }

    /// <summary>Whether its directory can be trusted.</summary>
    public DirectoryHealth Health => _environment.Health;

    public long EndOffset => _log.LogEndOffset;

    public long StartOffset => _log.LogStartOffset;

    /// <summary>The snapshot at whose end the log starts.</summary>
    public SnapshotId Start
    {
        get
        {
            var offset = StartOffset;
            var snapshots = _snapshots;
            var at = Array.FindIndex(snapshots, id => id.EndOffset == offset);
            // Without that snapshot the first epoch of the log is the least that can have been before it.
            return at >= 0 ? snapshots[at] : new SnapshotId(offset, offset == 0 ? 0 : Math.Max(0, _log.Epochs.EpochFor(offset)));
        }
    }

    /// <summary>Where the log starts and ends, and where each epoch begins.</summary>
    public QuorumHistory Outline() => new(Start, _log.Epochs.Entries().Select(static entry => new EpochStart(entry.Epoch, entry.StartOffset)), EndOffset);

    /// <summary>Opens the metadata log of a formatted directory.</summary>
    public static MetadataLog Open(LogEnvironment environment, string directory, LogSettings settings)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var files = environment.Files;
        var folder = Path.Combine(directory, FolderName);
        files.CreateFolder(folder);
        var snapshots = new List<SnapshotId>();
        foreach (var entry in files.List(folder))
        {
            if (SnapshotId.TryParse(entry.Name, out var id))
            {
                snapshots.Add(id);
            }
            else if (entry.Name.Contains(SnapshotId.Suffix, StringComparison.Ordinal))
            {
                // Half-written or deleted: nobody needs it.
                files.Delete(Path.Combine(folder, entry.Name));
                environment.Recovery.Repaired(new LogRepair(RepairAct.DeletionFinished, Path.Combine(folder, entry.Name)));
            }
        }

        snapshots.Sort();
        if (!files.FileExists(Path.Combine(folder, PartitionMetadataFile.FileName)))
        {
            PartitionMetadataFile.Write(files, folder, Uuid.MetadataTopicId);
        }

        // Its segments are always checked: what is in the metadata log is trusted by everything else.
        var log = PartitionLog.Open(environment, folder, new TopicPartition(InternalTopics.ClusterMetadata, 0), settings,
            new LogOpening(IsClean: false, KeepsCuts: true));
        files.SyncFolder(folder);
        files.SyncFolder(directory);
        var opened = new MetadataLog(environment, folder, log, [.. snapshots]);
        if (opened.LatestSnapshot is { } latest && latest.EndOffset > log.LogEndOffset)
        {
            try
            {
                // Nothing goes on the word of a file that is damaged.
                _ = opened.ReadLatestSnapshot();
            }
            catch
            {
                log.Dispose();
                throw;
            }

            environment.Recovery.Repaired(
                new LogRepair(RepairAct.LogStartedOver, folder, FromOffset: log.LogEndOffset, ToOffset: latest.EndOffset, Count: log.SegmentCount));
            log.TruncateFullyAt(latest.EndOffset);
        }

        return opened;
    }

    /// <summary>The kept election state: null where the file is missing, which is no fault. Beside a log that has records it is reported.</summary>
    public ElectionState? ReadElectionState()
    {
        var path = Path.Combine(_folder, StateFileName);
        if (!_environment.Files.FileExists(path))
        {
            if (EndOffset > 0)
            {
                _environment.Recovery.Repaired(new LogRepair(RepairAct.ElectionsForgotten, path, FromOffset: EndOffset));
            }

            return null;
        }

        return ElectionState.TryDecode(_environment.Files.ReadAllBytes(path), out var state)
            ? state
            : throw new QuorumStateException($"Error while reading the Quorum status from the file {path}: it does not hold a quorum state.");
    }

    /// <summary>Keeps the election state, durably.</summary>
    public void WriteElectionState(ElectionState state, VoterSet? staticVoters) =>
        _environment.Files.WriteAtomically(Path.Combine(_folder, StateFileName), state.Encode(staticVoters));

    /// <summary>The newest snapshot's content; null where there is none.</summary>
    public QuorumSnapshot? ReadLatestSnapshot()
    {
        if (LatestSnapshot is not { } id)
        {
            return null;
        }

        try
        {
            return QuorumSnapshot.Read(_environment.Files.ReadAllBytes(PathOf(id)));
        }
        catch (MetadataCorruptException damaged)
        {
            var hasEarlier = _snapshots.Length > 1 && _snapshots[^2].EndOffset >= StartOffset && EndOffset >= id.EndOffset;
            var whatToDo = hasEarlier
                ? $"The snapshot before it, {_snapshots[^2].FileName}, and the log behind that say the same: move the damaged file elsewhere and start again."
                : "Restore it from a copy.";
            throw new QuorumStateException($"The snapshot {PathOf(id)} of the metadata is damaged: it holds {damaged.What}. {whatToDo}", damaged);
        }
    }

    /// <summary>The batches from an offset on, up to another, at most a megabyte of them and at least one where there is one.</summary>
    public List<QuorumBatch> Read(long fromOffset, long toOffset) => Read(fromOffset, toOffset, QuorumBatchCodec.Decode);

    /// <summary>As <see cref="Read(long, long)"/>, of which the records of the metadata are left undecoded: for the quorum's own history.</summary>
    public List<QuorumBatch> ReadControls(long fromOffset, long toOffset) => Read(fromOffset, toOffset, QuorumBatchCodec.DecodeControls);

    private List<QuorumBatch> Read(long fromOffset, long toOffset, Func<ReadOnlyMemory<byte>, List<QuorumBatch>> decode)
    {
        LogRead read;
        try
        {
            read = _log.Read(fromOffset, ReadBytes, toOffset, minOneBatch: true);
        }
        catch (DamagedBatchException damaged)
        {
            throw new QuorumStateException(damaged.Message);
        }

        if (read.IsOutOfRange)
        {
            throw new QuorumStateException(
                $"The metadata log in {_folder} lacks the records from offset {fromOffset} on: it holds {StartOffset} to {EndOffset}.");
        }

        if (read.Region is not { } region)
        {
            return [];
        }

        using (region)
        {
            try
            {
                return decode(WholeBatches(region.ToArray()));
            }
            catch (MetadataCorruptException damaged)
            {
                throw new QuorumStateException(
                    $"The metadata log in {_folder} is damaged: from offset {fromOffset} on it holds {damaged.What}. Restore the folder from a copy.", damaged);
            }
        }
    }

    /// <summary>Appends whole batches. They are durable after <see cref="Sync"/>.</summary>
    public void Append(PooledBuffer batches) => _log.Append(new ReadOnlySequence<byte>(batches.WrittenMemory));

    public void Sync() => _log.Sync();

    /// <summary>Puts a snapshot in place, whole and durable.</summary>
    public void WriteSnapshot(QuorumSnapshot snapshot, SnapshotId id, long nowMs)
    {
        using var buffer = new PooledBuffer();
        snapshot.WriteTo(buffer, id, nowMs);
        _environment.Files.WriteAtomically(Path.Combine(_folder, id.FileName), buffer.WrittenSpan, readOnly: true);
        _snapshots = [.. _snapshots.Where(other => other != id).Append(id).Order()];
    }

    /// <summary>
    /// Deletes the oldest snapshots, the newest excepted, while log and snapshots are larger than allowed or a snapshot is older than allowed; the log
    /// then starts where the oldest one that is left ends.
    /// </summary>
    public void Clean(long maxBytes, long maxMs, long wallMs)
    {
        while (_snapshots.Length > 1 && (IsTooLarge(maxBytes) || (maxMs >= 0 && wallMs - _environment.Files.LastWriteMs(PathOf(_snapshots[0])) > maxMs)))
        {
            var oldest = _snapshots[0];
            var aside = PathOf(oldest) + DeletedSuffix;
            _environment.Files.Rename(PathOf(oldest), aside);
            _snapshots = _snapshots[1..];
            _deleted.Enqueue((aside, _environment.DueMs(_log.Settings.FileDeleteDelayMs)));
            Invariant.Holds(_snapshots[0].EndOffset > oldest.EndOffset, $"{_folder}: the snapshot {oldest.FileName} was deleted as the oldest one");
            _log.AdvanceLogStart(Math.Min(_snapshots[0].EndOffset, _log.LogEndOffset));
            Invariant.Holds(StartOffset <= _snapshots[0].EndOffset, $"{_folder}: it starts at {StartOffset}, behind the end of {_snapshots[0].FileName}");
            _log.ApplyRetention(wallMs, _log.LogEndOffset);
        }

        var tickMs = _environment.Clock.TickMs();
        while (_deleted.TryPeek(out var next) && next.DueMs <= tickMs)
        {
            _environment.Files.Delete(_deleted.Dequeue().Path);
        }

        _log.DeleteDue(tickMs);
    }

    /// <summary>Closes as after a clean shutdown.</summary>
    public void Close() => _log.Close();

    public void Dispose() => _log.Dispose();

    private string PathOf(SnapshotId id) => Path.Combine(_folder, id.FileName);

    private bool IsTooLarge(long maxBytes)
    {
        if (maxBytes < 0)
        {
            return false;
        }

        var bytes = _log.SizeInBytes;
        foreach (var entry in _environment.Files.List(_folder))
        {
            bytes += SnapshotId.TryParse(entry.Name, out _) ? entry.Length : 0;
        }

        return bytes > maxBytes;
    }

    /// <summary>What was read can end within a batch.</summary>
    private static ReadOnlyMemory<byte> WholeBatches(byte[] bytes)
    {
        var end = 0;
        while (bytes.Length - end >= 12)
        {
            var size = 12 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(end + 8));
            if (size < 12 || size > bytes.Length - end)
            {
                break;
            }

            end += size;
        }

        return bytes.AsMemory(0, end);
    }
}
