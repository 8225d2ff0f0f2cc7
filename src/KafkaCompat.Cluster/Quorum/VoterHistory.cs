using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// Who voted from which offset of the log on. A set counts from when it is in the log, committed or not; where the log is cut below it, the one before counts
/// again (KIP-853).
/// </summary>
public sealed class VoterHistory
{
    private readonly List<(long Offset, VoterSet Voters)> _sets = [];
    private VoterSet _first;

    /// <summary>A history that begins with a set: that of the configuration, or that of the snapshot at which the log starts.</summary>
    public VoterHistory(VoterSet first)
    {
        ArgumentNullException.ThrowIfNull(first);
        _first = first;
    }

    /// <summary>Who votes now.</summary>
    public VoterSet Latest => _sets is [.., var (_, last)] ? last : _first;

    /// <summary>Who voted where the log ends at an offset: what a snapshot that ends there has to name.</summary>
    public VoterSet Before(long endOffset) => _sets.FindLast(set => set.Offset < endOffset).Voters ?? _first;

    /// <summary>A set was appended. Offsets rise.</summary>
    public void Append(long offset, VoterSet voters)
    {
        ArgumentNullException.ThrowIfNull(voters);
        Invariant.Holds(_sets is not [.., var (last, _)] || offset > last, $"Voters of offset {offset} follow those of {_sets[^1].Offset}");

        _sets.Add((offset, voters));
    }

    /// <summary>The log was cut.</summary>
    public void TruncateTo(long endOffset) => _ = _sets.RemoveAll(set => set.Offset >= endOffset);

    /// <summary>The log starts over behind a snapshot that names voters; null where it names none, and those of the configuration go on.</summary>
    public void StartOver(VoterSet? voters)
    {
        _sets.Clear();
        _first = voters ?? _first;
    }

    /// <summary>What is before an offset is needed no more.</summary>
    public void StartAt(long offset)
    {
        _first = Before(offset);
        _ = _sets.RemoveAll(set => set.Offset < offset);
    }
}
