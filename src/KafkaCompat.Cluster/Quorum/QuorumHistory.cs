using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>Where the records of an epoch begin.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="StartOffset">The offset of its first record.</param>
public readonly record struct EpochStart(int Epoch, long StartOffset);

/// <summary>Up to where a log holds records of an epoch or of earlier ones.</summary>
/// <param name="Epoch">The largest epoch of the log that is not above the one asked for; -1 where all are above it.</param>
/// <param name="EndOffset">The offset behind its last record.</param>
public readonly record struct EpochEnd(int Epoch, long EndOffset);

/// <summary>What a place of another log, an offset and the epoch of the record before it, is to this log.</summary>
public enum FetchPlace
{
    /// <summary>Both logs are the same before the offset.</summary>
    Valid,

    /// <summary>The logs differ before the offset.</summary>
    Diverging,

    /// <summary>This log does not reach back so far: what is before its start stands in a snapshot.</summary>
    BeforeStart,
}

/// <summary>
/// The outline of the metadata log: where it starts and ends, and where each epoch begins. The quorum's machine keeps it, because whether two logs agree is
/// decided by it alone and must be decided without a disk. It hears of appends, cuts and snapshots. Epochs and their start offsets both grow from entry to
/// entry.
/// </summary>
public sealed class QuorumHistory
{
    private readonly List<EpochStart> _epochs;

    /// <summary>The outline of a log.</summary>
    /// <param name="start">The snapshot at whose end the log starts; <see cref="SnapshotId.Bootstrap"/> for a log from its first record on.</param>
    /// <param name="epochs">In rising order. Those that begin before the log's start begin there.</param>
    /// <param name="endOffset">The offset behind the last record.</param>
    public QuorumHistory(SnapshotId start, IEnumerable<EpochStart> epochs, long endOffset)
    {
        ArgumentNullException.ThrowIfNull(epochs);
        ArgumentOutOfRangeException.ThrowIfLessThan(endOffset, start.EndOffset);
        Start = start;
        EndOffset = endOffset;
        _epochs = [];
        foreach (var epoch in epochs)
        {
            if (_epochs is [.., var last] && (epoch.Epoch <= last.Epoch || epoch.StartOffset < last.StartOffset))
            {
                throw new ArgumentException($"Epoch {epoch.Epoch} from offset {epoch.StartOffset} on follows epoch {last.Epoch} from {last.StartOffset} on.",
                    nameof(epochs));
            }

            _epochs.Add(epoch);
        }

        StartAt(start);
    }

    /// <summary>The end of the snapshot that stands for what is before the log.</summary>
    public SnapshotId Start { get; private set; }

    /// <summary>The offset behind the last record.</summary>
    public long EndOffset { get; private set; }

    /// <summary>The epoch of the last record, or of the snapshot where the log has none; 0 where there is neither.</summary>
    public int LastEpoch => _epochs is [.., var last] ? last.Epoch : Start.Epoch;

    /// <summary>Records of an epoch were appended up to an offset.</summary>
    public void Append(int epoch, long endOffset)
    {
        Invariant.Holds(endOffset >= EndOffset, $"The metadata log ends at {EndOffset}, and an append ends at {endOffset}");
        Invariant.Holds(epoch >= LastEpoch, $"The metadata log ends in epoch {LastEpoch}, and an append is of {epoch}");
        if (endOffset > EndOffset && (_epochs.Count == 0 || epoch > LastEpoch))
        {
            _epochs.Add(new EpochStart(epoch, EndOffset));
        }

        EndOffset = endOffset;
    }

    /// <summary>Where the records of an epoch begin; null where there is none.</summary>
    public long? StartOf(int epoch)
    {
        var at = _epochs.FindLastIndex(start => start.Epoch == epoch);
        return at < 0 ? null : _epochs[at].StartOffset;
    }

    /// <summary>Up to where this log has records of an epoch, or of the one before it that it knows.</summary>
    public EpochEnd EndOf(int epoch)
    {
        for (var i = _epochs.Count - 1; i >= 0; i--)
        {
            if (_epochs[i].Epoch <= epoch)
            {
                return new EpochEnd(_epochs[i].Epoch, i + 1 < _epochs.Count ? _epochs[i + 1].StartOffset : EndOffset);
            }
        }

        return Start.Epoch <= epoch ? new EpochEnd(Start.Epoch, _epochs is [var first, ..] ? first.StartOffset : EndOffset) : new EpochEnd(-1, Start.EndOffset);
    }

    /// <summary>
    /// Whether a log that ends at an offset, its last record being of an epoch, is the beginning of this one. Where it is not, <paramref name="end"/> is where
    /// the two may agree still.
    /// </summary>
    public FetchPlace Place(long offset, int lastEpoch, out EpochEnd end)
    {
        end = default;
        // Nothing is before the first record, so that there is nothing to agree on.
        if (offset == 0 && lastEpoch == 0 && Start.EndOffset == 0)
        {
            return FetchPlace.Valid;
        }

        if (offset < Start.EndOffset || lastEpoch < Start.Epoch || (offset == Start.EndOffset && Start.EndOffset > 0 && lastEpoch != Start.Epoch))
        {
            return FetchPlace.BeforeStart;
        }

        end = EndOf(lastEpoch);
        return end.Epoch == lastEpoch && offset <= end.EndOffset ? FetchPlace.Valid : FetchPlace.Diverging;
    }

    /// <summary>Where this log has to be cut so that it may be the beginning of one that holds an epoch, or earlier ones, up to an offset.</summary>
    public long CommonEnd(EpochEnd other)
    {
        var own = EndOf(other.Epoch);
        return Math.Min(own.Epoch == other.Epoch ? Math.Min(own.EndOffset, other.EndOffset) : own.EndOffset, EndOffset);
    }

    /// <summary>The log was cut.</summary>
    public void TruncateTo(long offset)
    {
        Invariant.Holds(offset >= Start.EndOffset && offset <= EndOffset, $"The metadata log from {Start.EndOffset} to {EndOffset} is to be cut to {offset}");
        EndOffset = offset;
        _ = _epochs.RemoveAll(epoch => epoch.StartOffset >= offset);
    }

    /// <summary>The log starts over behind a snapshot.</summary>
    public void StartOver(SnapshotId snapshot)
    {
        (Start, EndOffset) = (snapshot, snapshot.EndOffset);
        _epochs.Clear();
    }

    /// <summary>What a snapshot holds was deleted from the log, which reaches behind it.</summary>
    public void StartAt(SnapshotId snapshot)
    {
        Start = snapshot;
        var before = _epochs.FindLastIndex(epoch => epoch.StartOffset <= snapshot.EndOffset);
        if (before < 0)
        {
            return;
        }

        var isEmpty = snapshot.EndOffset == (before + 1 < _epochs.Count ? _epochs[before + 1].StartOffset : EndOffset);
        if (!isEmpty)
        {
            _epochs[before] = _epochs[before] with { StartOffset = snapshot.EndOffset };
        }

        _epochs.RemoveRange(0, isEmpty ? before + 1 : before);
    }
}
