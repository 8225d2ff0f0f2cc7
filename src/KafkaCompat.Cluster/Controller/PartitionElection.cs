using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// Works out the new state of a partition when its ISR or the set of live brokers changes: its leader, its ISR and its eligible leader replicas.
/// </summary>
/// <remarks>
/// The leader is the first replica, in the order of the assignment, of the first of these groups that has a live one:
/// 1. the ISR;
/// 2. if the ISR is empty, the eligible leader replicas, which hold every committed record;
/// 3. if there are none, the last known leader, which may have lost records;
/// 4. if the topic allows unclean election, any replica.
/// Without eligible leader replicas the last member of an ISR stays in it, and the partition waits for that broker to return.
/// </remarks>
public sealed class PartitionElection
{
    private readonly PartitionRegistration _before;
    private readonly PartitionChangeRecord _record;
    private readonly MetadataVersionInfo _version;

    public PartitionElection(Uuid topicId, int partition, PartitionRegistration before, MetadataVersionInfo version)
    {
        _before = before;
        _version = version;
        TargetIsr = before.Isr;
        _record = new PartitionChangeRecord { TopicId = topicId, PartitionId = partition };
    }

    /// <summary>Whether a broker may lead.</summary>
    public required Func<int, bool> IsActive { get; init; }

    public required bool IsElrEnabled { get; init; }

    public required int MinInSyncReplicas { get; init; }

    public bool IsUncleanElectionEnabled { get; init; }

    /// <summary>Whether the first of the replicas takes over from a leader that could stay.</summary>
    public bool IsPreferredWanted { get; init; }

    /// <summary>The ISR to be; the one before unless set.</summary>
    public ImmutableArray<int> TargetIsr { get; init; }

    /// <summary>New replicas of the partition, those that come and those that go among them; null where they stay.</summary>
    public PartitionReassignment? Reassignment { get; init; }

    /// <summary>A broker that lost what it had not synced: it can no longer vouch for anything.</summary>
    public int UncleanBroker { get; init; } = -1;

    /// <summary>The change, or null where there is none.</summary>
    public VersionedRecord? Decide()
    {
        var isr = TargetIsr.IsEmpty && !IsElrEnabled ? _before.Isr : TargetIsr;
        var leader = _before.Leader;
        var preferred = Replicas[0];
        if (IsPreferredWanted && isr.Contains(preferred) && IsActive(preferred))
        {
            leader = preferred;
        }
        else if (leader < 0 || !isr.Contains(leader) || !IsActive(leader))
        {
            (leader, isr) = Elect(isr);
        }
        else if (_version.IsLeaderEpochBumpRequiredOnIsrShrink && isr.Length < _before.Isr.Length)
        {
            _record.Leader = leader;
        }

        var isChanged = _record.Leader != PartitionRegistration.NoLeaderChange || _record.LeaderRecoveryState >= 0;
        isChanged |= Reassignment?.Fill(_record, _before, _version) ?? false;
        if (leader != _before.Leader)
        {
            _record.Leader = leader;
            isChanged = true;
        }

        if (!SameSet(isr, _before.Isr))
        {
            _record.Isr = [.. isr];
            isChanged = true;
        }

        if (IsElrEnabled)
        {
            isChanged |= TrackEligible(isr, leader);
        }

        return isChanged ? new VersionedRecord(_record, _version.PartitionChangeRecordVersion) : null;
    }

    private ImmutableArray<int> Replicas => Reassignment?.Replicas ?? _before.Replicas;

    private (int Leader, ImmutableArray<int> Isr) Elect(ImmutableArray<int> isr)
    {
        var leader = First(isr.Contains);
        if (leader >= 0)
        {
            return (leader, isr);
        }

        if (IsElrEnabled && isr.IsEmpty)
        {
            leader = First(b => b != UncleanBroker && _before.Elr.Contains(b));
            if (leader >= 0)
            {
                return (leader, [leader]);
            }

            if (_before.Elr.IsEmpty && _before.LastKnownElr is [int last] && IsActive(last))
            {
                NoteRecovery();
                return (last, [last]);
            }
        }

        leader = IsUncleanElectionEnabled ? First(_ => true) : PartitionRegistration.NoLeader;
        if (leader < 0)
        {
            return (PartitionRegistration.NoLeader, isr);
        }

        NoteRecovery();
        return (leader, [leader]);
    }

    /// <summary>
    /// The leader may lack records. That stands until a leader changes the ISR, which says that it has recovered; on a single node nobody ever does, as with
    /// Kafka, and it is not written again.
    /// </summary>
    private void NoteRecovery()
    {
        if (!_before.IsRecovering)
        {
            _record.LeaderRecoveryState = 1;
        }
    }

    private int First(Func<int, bool> matches)
    {
        foreach (var broker in Replicas)
        {
            if (matches(broker) && IsActive(broker))
            {
                return broker;
            }
        }

        return PartitionRegistration.NoLeader;
    }

    private bool TrackEligible(ImmutableArray<int> isr, int leader)
    {
        ImmutableArray<int> elr = [], lastKnown = [];
        if (isr.Length < Math.Min(MinInSyncReplicas, Replicas.Length))
        {
            elr = [.. _before.Elr.Union(_before.Isr).Where(b => !isr.Contains(b) && b != UncleanBroker)];
            lastKnown = _before.LastKnownElr;
            if (leader < 0 && lastKnown.IsEmpty && _before.Leader >= 0)
            {
                lastKnown = [_before.Leader];
            }
        }

        var isChanged = false;
        if (!SameSet(elr, _before.Elr))
        {
            _record.EligibleLeaderReplicas = [.. elr];
            isChanged = true;
        }

        if (!SameSet(lastKnown, _before.LastKnownElr))
        {
            _record.LastKnownElr = [.. lastKnown];
            isChanged = true;
        }

        return isChanged;
    }

    private static bool SameSet(ImmutableArray<int> left, ImmutableArray<int> right) =>
        left.Length == right.Length && left.All(right.Contains);
}
