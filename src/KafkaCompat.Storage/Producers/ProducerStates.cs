using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Producers;

/// <summary>
/// The idempotent and transactional producers of one partition: what makes a second attempt of a batch a duplicate, a gap in the sequence an error,
/// and an open transaction the end of what a committed reader sees. It is rebuilt from the newest snapshot and the batches behind it.
/// </summary>
/// <remarks>
/// <see cref="Check"/> changes nothing; the log calls <see cref="Update"/> for every batch that it has written. All members take the log's lock.
/// <see cref="EndOffset"/> is the offset up to which batches have been taken in.
/// </remarks>
public sealed class ProducerStates
{
    private static readonly Dictionary<long, ProducerEntry> s_noProducers = [];
    private static readonly SortedSet<long> s_noSnapshots = [];

    private readonly LogEnvironment _environment;
    private readonly Lock _gate;

    /// <summary>Made by the first producer: most partitions of a broker that has many have none, nor any of what follows here.</summary>
    private Dictionary<long, ProducerEntry>? _producers;

    /// <summary>Made by the first transaction.</summary>
    private TransactionStarts? _transactions;

    /// <summary>The offsets of the snapshot files in the folder; made by the first.</summary>
    private SortedSet<long>? _snapshots;

    /// <summary>Those of them that a crash of the machine may take; made by the first.</summary>
    private List<long>? _unsyncedSnapshots;

    private string _folder;
    private long _firstUnstableOffset = long.MaxValue;
    private long _lastSnapshotOffset;

    /// <summary>Of the batches before it one a producer is known: so much says a snapshot. Zero where all are.</summary>
    private long _knownFrom;

    internal ProducerStates(LogEnvironment environment, string folder, Lock gate, IEnumerable<long> snapshots)
    {
        _environment = environment;
        _folder = folder;
        _gate = gate;
        foreach (var offset in snapshots)
            _ = (_snapshots ??= []).Add(offset);
    }

    public long EndOffset { get; private set; }

    private Dictionary<long, ProducerEntry>.ValueCollection Producers => (_producers ?? s_noProducers).Values;

    private SortedSet<long> Snapshots => _snapshots ?? s_noSnapshots;

    /// <summary>How many producers are known. Without the lock, which an append to a disk that does not answer holds: this is for whoever measures.</summary>
    public int Count => _producers?.Count ?? 0;

    /// <summary>
    /// The first offset of the oldest transaction that is open, or whose marker is not yet below the high watermark; long.MaxValue where there is none.
    /// </summary>
    public long FirstUnstableOffset => Volatile.Read(ref _firstUnstableOffset);

    /// <summary>Whether a batch of a producer may be appended now. Batches without a producer always may.</summary>
    public ProducerVerdict Check(in RecordBatchHeader batch, AppendOrigin origin)
    {
        if (!batch.HasProducerId || origin == AppendOrigin.Replication)
            return ProducerVerdict.Good;
        lock (_gate)
        {
            if (Find(batch.ProducerId) is not { } entry)
                return ProducerVerdict.Good;
            if (origin == AppendOrigin.Client && FindDuplicate(entry, batch) is { } duplicate)
                return new ProducerVerdict(ProducerFault.None, null, duplicate);
            if (batch.ProducerEpoch < entry.Epoch)
            {
                return new ProducerVerdict(ProducerFault.InvalidProducerEpoch, $"Epoch of producer {batch.ProducerId} is {batch.ProducerEpoch}, "
                    + $"which is smaller than the last seen epoch {entry.Epoch}", null);
            }
            if (origin != AppendOrigin.Client || batch.IsControl)
                return ProducerVerdict.Good;
            if (!IsInSequence(entry, batch))
            {
                return new ProducerVerdict(ProducerFault.OutOfOrderSequenceNumber, $"Out of order sequence number for producer {batch.ProducerId}: "
                    + $"{batch.BaseSequence} (incoming seq. number), {entry.LastSequence} (current end sequence number)", null);
            }
            if (entry.CurrentTransactionFirstOffset >= 0 && !batch.IsTransactional)
                return new ProducerVerdict(ProducerFault.InvalidTxnState, $"Expected transactional write from producer with id {batch.ProducerId}", null);
            return ProducerVerdict.Good;
        }
    }

    /// <summary>Whether a coordinator may end a producer's transaction: neither producer nor coordinator may be older than those seen before.</summary>
    public ProducerVerdict CheckMarker(long producerId, short producerEpoch, int coordinatorEpoch)
    {
        lock (_gate)
        {
            if (Find(producerId) is not { } entry)
                return ProducerVerdict.Good;
            if (producerEpoch < entry.Epoch)
            {
                return new ProducerVerdict(ProducerFault.InvalidProducerEpoch,
                    $"Epoch of producer {producerId} is {producerEpoch}, which is smaller than the last seen epoch {entry.Epoch}", null);
            }

            if (entry.CoordinatorEpoch > coordinatorEpoch)
            {
                return new ProducerVerdict(ProducerFault.TransactionCoordinatorFenced,
                    $"Invalid coordinator epoch for producerId {producerId}: {coordinatorEpoch} (zombie), {entry.CoordinatorEpoch} (current)", null);
            }

            return ProducerVerdict.Good;
        }
    }

    /// <summary>The producers, for DescribeProducers.</summary>
    public IReadOnlyList<ProducerDescription> Describe()
    {
        lock (_gate)
        {
            var all = new List<ProducerDescription>(Producers.Count);
            foreach (var p in Producers)
                all.Add(new ProducerDescription(p.ProducerId, p.Epoch, p.LastSequence, p.LastTimestamp, p.CoordinatorEpoch, p.CurrentTransactionFirstOffset));
            return all;
        }
    }

    /// <summary>Producers whose transaction has been open since before a time are not forgotten; others are, when they have been silent long enough.</summary>
    public void RemoveExpired(long nowMs)
    {
        lock (_gate)
        {
            foreach (var entry in Producers)
            {
                if (IsExpired(entry, nowMs))
                    _ = _producers!.Remove(entry.ProducerId);
            }
        }
    }

    /// <summary>The marker of a decided transaction is replicated once the high watermark is behind it.</summary>
    public void OnHighWatermark(long highWatermark)
    {
        if (FirstUnstableOffset == long.MaxValue)
            return;
        lock (_gate)
        {
            _transactions?.ForgetDecidedBefore(highWatermark);
            PublishFirstUnstable();
        }
    }

    internal void Moved(string folder) => _folder = folder;

    /// <summary>
    /// Takes in one batch that the log holds now. Returns the transaction that it ended, if it is the marker of one that has records here.
    /// </summary>
    internal CompletedTransaction? Update(in RecordBatchHeader batch, ReadOnlyMemory<byte> controlBatch)
    {
        EndOffset = batch.NextOffset;
        if (!batch.HasProducerId)
            return null;
        if (batch.IsControl)
            return EndTransactionMarker.TryRead(controlBatch, out var marker) ? Complete(batch, marker) : null;
        var entry = Entry(batch.ProducerId);
        entry.SetEpoch(batch.ProducerEpoch);
        entry.AddBatch(ProducerBatch.Of(batch));
        entry.LastTimestamp = batch.MaxTimestamp;
        if (batch.IsTransactional && entry.CurrentTransactionFirstOffset < 0)
        {
            entry.CurrentTransactionFirstOffset = batch.BaseOffset;
            (_transactions ??= new TransactionStarts()).Open(batch.BaseOffset, batch.ProducerId);
            PublishFirstUnstable();
            Invariant.Holds(
                FirstUnstableOffset <= batch.BaseOffset, $"{_folder}: a transaction begins at {batch.BaseOffset}, the first at {FirstUnstableOffset}");
        }
        return null;
    }

    /// <summary>What committed readers may read up to once this transaction is decided too; the transaction index keeps it.</summary>
    internal long LastStableOffsetAfter(in CompletedTransaction completed) =>
        _transactions?.FirstOpenBut(completed.FirstOffset) ?? completed.LastOffset + 1;

    internal void SetEndOffset(long offset) => EndOffset = offset;

    internal void Clear()
    {
        (_producers, _transactions) = (null, null);
        _knownFrom = 0;
        EndOffset = 0;
        PublishFirstUnstable();
    }

    /// <summary>Writes the snapshot of the end offset, where something has changed since the last one. It is whole, and not durable yet.</summary>
    internal void TakeSnapshot()
    {
        if (EndOffset <= _lastSnapshotOffset)
            return;
        Invariant.Holds(Snapshots.Count == 0 || Snapshots.Max <= EndOffset,
            $"{_folder}: a snapshot of {Snapshots.Max} is there, and the log is at {EndOffset}");
        var path = SnapshotPath(EndOffset);
        var bytes = ProducerSnapshotFile.Encode(Producers);
        Files.FileStoreOperations.WriteAtomically(_environment.Files, path, bytes, sync: false);
        _ = (_snapshots ??= []).Add(EndOffset);
        (_unsyncedSnapshots ??= []).Add(EndOffset);
        _lastSnapshotOffset = EndOffset;
    }

    /// <summary>The snapshots that have to be synced, which is the caller's to do, or to <see cref="GiveBack"/>. Whoever calls holds the log's lock.</summary>
    internal long[] TakeUnsyncedSnapshots()
    {
        long[] unsynced = [.. _unsyncedSnapshots ?? []];
        _unsyncedSnapshots = null;
        return unsynced;
    }

    /// <summary>Snapshots that could not be synced now.</summary>
    internal void GiveBack(long[] unsynced) => (_unsyncedSnapshots ??= []).AddRange(unsynced);

    /// <summary>Starts over from the newest snapshot that is sound and not behind <paramref name="endOffset"/>.</summary>
    internal void LoadFromSnapshot(long logStartOffset, long endOffset, long nowMs)
    {
        foreach (var offset in Snapshots.Where(offset => offset > endOffset || offset <= logStartOffset).ToArray())
            DeleteSnapshot(offset);
        Clear();
        foreach (var offset in Snapshots.Reverse().ToArray())
        {
            if (ProducerSnapshotFile.TryRead(_environment.Files, SnapshotPath(offset)) is not { } loaded)
            {
                _environment.Recovery.Repaired(new LogRepair(RepairAct.ProducersForgotten, SnapshotPath(offset)));
                DeleteSnapshot(offset);
                continue;
            }
            Invariant.Holds(offset > logStartOffset && offset <= endOffset, $"{SnapshotPath(offset)}: read for a log from {logStartOffset} to {endOffset}");
            TakeIn(loaded, nowMs);
            EndOffset = _lastSnapshotOffset = _knownFrom = offset;
            PublishFirstUnstable();
            return;
        }
        EndOffset = _lastSnapshotOffset = logStartOffset;
        PublishFirstUnstable();
    }

    /// <summary>
    /// The producers as they were at an offset or before it, as far as sound snapshots say; <see cref="EndOffset"/> says which. The files and these states
    /// stay as they are.
    /// </summary>
    internal ProducerStates StatesAt(long logStartOffset, long offset)
    {
        var states = new ProducerStates(_environment, _folder, new Lock(), []) { EndOffset = logStartOffset };
        foreach (var snapshot in Snapshots.Reverse())
        {
            if (snapshot > offset || snapshot <= logStartOffset || ProducerSnapshotFile.TryRead(_environment.Files, SnapshotPath(snapshot)) is not { } loaded)
                continue;
            states.TakeIn(loaded, nowMs: 0);
            states.EndOffset = snapshot;
            break;
        }
        return states;
    }

    /// <summary>Deletes snapshots that belong to no segment, but for the last one of all. Returns how many.</summary>
    internal int DeleteStraySnapshots(HashSet<long> segmentBases)
    {
        var deleted = 0;
        var last = segmentBases.Count == 0 ? -1 : segmentBases.Max();
        var strays = Snapshots.Where(offset => !segmentBases.Contains(offset)).ToList();
        for (var i = 0; i < strays.Count; i++)
        {
            if (i == strays.Count - 1 && strays[i] > last)
                continue;
            DeleteSnapshot(strays[i]);
            deleted++;
        }
        return deleted;
    }

    internal bool HasSnapshots() => Snapshots.Count > 0;

    internal void DeleteSnapshot(long offset)
    {
        bool known;
        lock (_gate)
            known = _snapshots?.Remove(offset) == true;
        if (known)
            _environment.Files.Delete(SnapshotPath(offset));
    }

    internal void DeleteSnapshotsBehind(long offset)
    {
        foreach (var snapshot in Snapshots.Where(snapshot => snapshot > offset).ToArray())
            DeleteSnapshot(snapshot);
        _lastSnapshotOffset = Math.Min(_lastSnapshotOffset, offset);
    }

    /// <summary>Whether a producer's older batches, which were in flight with its last one, may be in the log and are not known.</summary>
    internal bool LacksOlderBatches => Volatile.Read(ref _knownFrom) > 0;

    /// <summary>What is to be read from the log of the producers' older batches; null where all are known.</summary>
    internal OlderBatches? FindLackingBatches()
    {
        lock (_gate)
        {
            if (_knownFrom == 0)
                return null;
            var known = new Dictionary<long, (short, long)>(Producers.Count);
            foreach (var entry in Producers)
            {
                if (entry.BatchCount > 0)
                    known.Add(entry.ProducerId, (entry.Epoch, entry.Batch(0).FirstOffset));
            }
            return new OlderBatches(_knownFrom, known);
        }
    }

    /// <summary>Takes in what was read, unless another snapshot was loaded meanwhile.</summary>
    internal void TakeIn(OlderBatches older)
    {
        lock (_gate)
        {
            if (_knownFrom != older.Before)
                return;
            foreach ((var producerId, var epoch, var batches) in older.Found)
            {
                // Batches that came meanwhile are the newer ones.
                if (Find(producerId) is { BatchCount: > 0 } entry && entry.Epoch == epoch)
                    entry.AddOlder(batches);
            }
            Volatile.Write(ref _knownFrom, 0);
        }
    }

    internal void OnLogStart(long logStartOffset)
    {
        _transactions?.ForgetDecidedBefore(logStartOffset);
        if (EndOffset < logStartOffset)
            EndOffset = logStartOffset;
        PublishFirstUnstable();
    }

    private void TakeIn(List<ProducerEntry> loaded, long nowMs)
    {
        foreach (var entry in loaded)
        {
            if (IsExpired(entry, nowMs))
                continue;
            (_producers ??= [])[entry.ProducerId] = entry;
            if (entry.CurrentTransactionFirstOffset >= 0)
                (_transactions ??= new TransactionStarts()).Open(entry.CurrentTransactionFirstOffset, entry.ProducerId);
        }
    }

    private static ProducerBatch? FindDuplicate(ProducerEntry entry, in RecordBatchHeader batch)
    {
        if (batch.ProducerEpoch != entry.Epoch)
            return null;
        for (var i = 0; i < entry.BatchCount; i++)
        {
            var kept = entry.Batch(i);
            if (kept.FirstSequence == batch.BaseSequence && kept.LastSequence == batch.LastSequence)
                return kept;
        }
        return null;
    }

    private static bool IsInSequence(ProducerEntry entry, in RecordBatchHeader batch)
    {
        if (entry.Epoch == -1)
            return true;
        if (batch.ProducerEpoch != entry.Epoch)
            return batch.BaseSequence == 0;
        var last = entry.LastSequence;
        return batch.BaseSequence == last + 1L || (batch.BaseSequence == 0 && last == int.MaxValue);
    }

    private CompletedTransaction? Complete(in RecordBatchHeader batch, in EndTransactionMarker marker)
    {
        var entry = Entry(batch.ProducerId);
        var first = entry.CurrentTransactionFirstOffset;
        entry.SetEpoch(batch.ProducerEpoch);
        entry.CurrentTransactionFirstOffset = -1;
        entry.CoordinatorEpoch = marker.CoordinatorEpoch;
        entry.LastTimestamp = marker.Timestamp;
        // A marker without records before it changes nothing for readers.
        return first < 0 ? null : new CompletedTransaction(batch.ProducerId, first, batch.BaseOffset, !marker.IsCommit);
    }

    /// <summary>Moves a transaction from open to decided.</summary>
    internal void CompleteTransaction(in CompletedTransaction completed)
    {
        _transactions?.Decide(completed.FirstOffset, completed.LastOffset);
        PublishFirstUnstable();
    }

    private ProducerEntry Entry(long producerId)
    {
        if (Find(producerId) is not { } entry)
            (_producers ??= []).Add(producerId, entry = new ProducerEntry(producerId));
        return entry;
    }

    private ProducerEntry? Find(long producerId) => _producers?.GetValueOrDefault(producerId);

    private bool IsExpired(ProducerEntry entry, long nowMs) =>
        entry.CurrentTransactionFirstOffset < 0 && nowMs - entry.LastTimestamp >= _environment.ProducerIdExpirationMs;

    private void PublishFirstUnstable() => Volatile.Write(ref _firstUnstableOffset, _transactions?.First ?? long.MaxValue);

    internal string SnapshotPath(long offset) => Path.Combine(_folder, SegmentFiles.Name(offset, SegmentFiles.ProducerSnapshot));
}
