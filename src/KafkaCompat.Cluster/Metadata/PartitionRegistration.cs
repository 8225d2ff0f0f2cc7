using System.Collections.Immutable;
using System.Runtime.InteropServices;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>
/// What the cluster has decided about one partition. Invariants: Isr ⊆ Replicas; Leader = -1 or Leader ∈ Isr; Elr ∩ Isr = ∅;
/// |Directories| = |Replicas|.
/// </summary>
public sealed record PartitionRegistration
{
    public const int NoLeader = -1;

    /// <summary>In a change record: the leader stays.</summary>
    public const int NoLeaderChange = -2;

    public required ImmutableArray<int> Replicas { get; init; }

    public required ImmutableArray<Uuid> Directories { get; init; }

    public required ImmutableArray<int> Isr { get; init; }

    public ImmutableArray<int> RemovingReplicas { get; init; } = [];

    public ImmutableArray<int> AddingReplicas { get; init; } = [];

    /// <summary>Replicas outside the ISR that hold all that was committed.</summary>
    public ImmutableArray<int> Elr { get; init; } = [];

    /// <summary>Who led last, where neither ISR nor ELR has anybody.</summary>
    public ImmutableArray<int> LastKnownElr { get; init; } = [];

    public required int Leader { get; init; }

    /// <summary>Whether the leader was elected uncleanly and has not recovered.</summary>
    public bool IsRecovering { get; init; }

    public required int LeaderEpoch { get; init; }

    public required int PartitionEpoch { get; init; }

    public bool HasLeader => Leader >= 0;

    public static PartitionRegistration From(PartitionRecord record)
    {
        ImmutableArray<int> replicas = [.. record.Replicas];
        return new PartitionRegistration
        {
            Replicas = replicas,
            Directories = DirectoriesOf(record.Directories, replicas.Length),
            // The usual one is the same, and thousands of partitions need not have it twice.
            Isr = replicas.AsSpan().SequenceEqual(CollectionsMarshal.AsSpan(record.Isr)) ? replicas : [.. record.Isr],
            RemovingReplicas = [.. record.RemovingReplicas],
            AddingReplicas = [.. record.AddingReplicas],
            Elr = [.. record.EligibleLeaderReplicas ?? []],
            LastKnownElr = [.. record.LastKnownElr ?? []],
            Leader = record.Leader,
            IsRecovering = record.LeaderRecoveryState == 1,
            LeaderEpoch = record.LeaderEpoch,
            PartitionEpoch = record.PartitionEpoch,
        };
    }

    /// <summary>The registration after a change: the partition epoch rises always, the leader epoch whenever the record names a leader.</summary>
    public PartitionRegistration After(PartitionChangeRecord change)
    {
        var replicas = change.Replicas is { } r ? [.. r] : Replicas;
        var leads = change.Leader != NoLeaderChange;
        return this with
        {
            Replicas = replicas,
            Directories = change.Directories is { } d ? DirectoriesOf(d, replicas.Length) : change.Replicas is null ? Directories : Reassigned(replicas),
            Isr = change.Isr is { } isr ? [.. isr] : Isr,
            RemovingReplicas = change.RemovingReplicas is { } removing ? [.. removing] : RemovingReplicas,
            AddingReplicas = change.AddingReplicas is { } adding ? [.. adding] : AddingReplicas,
            Elr = change.EligibleLeaderReplicas is { } elr ? [.. elr] : Elr,
            LastKnownElr = change.LastKnownElr is { } known ? [.. known] : LastKnownElr,
            Leader = leads ? change.Leader : Leader,
            LeaderEpoch = leads ? LeaderEpoch + 1 : LeaderEpoch,
            IsRecovering = change.LeaderRecoveryState < 0 ? IsRecovering : change.LeaderRecoveryState == 1,
            PartitionEpoch = PartitionEpoch + 1,
        };
    }

    public PartitionRecord ToRecord(Uuid topicId, int partition, short version) => new()
    {
        PartitionId = partition,
        TopicId = topicId,
        Replicas = [.. Replicas],
        Isr = [.. Isr],
        RemovingReplicas = [.. RemovingReplicas],
        AddingReplicas = [.. AddingReplicas],
        Leader = Leader,
        LeaderRecoveryState = IsRecovering ? (sbyte)1 : (sbyte)0,
        LeaderEpoch = LeaderEpoch,
        PartitionEpoch = PartitionEpoch,
        Directories = version >= 1 ? [.. Directories] : [],
        EligibleLeaderReplicas = version >= 2 && Elr.Length > 0 ? [.. Elr] : null,
        LastKnownElr = version >= 2 && LastKnownElr.Length > 0 ? [.. LastKnownElr] : null,
    };

    /// <summary>The directory of a broker's replica.</summary>
    public Uuid DirectoryOf(int broker)
    {
        var at = Replicas.IndexOf(broker);
        return at < 0 ? DirectoryIds.Migrating : Directories[at];
    }

    private static ImmutableArray<Uuid> DirectoriesOf(List<Uuid>? listed, int count) =>
        listed is { Count: > 0 } ? [.. listed] : [.. Enumerable.Repeat(DirectoryIds.Migrating, count)];

    private ImmutableArray<Uuid> Reassigned(ImmutableArray<int> replicas) => [.. replicas.Select(DirectoryOf)];
}
