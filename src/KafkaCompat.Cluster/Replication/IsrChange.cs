using System.Collections.Immutable;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Replication;

/// <summary>A member of the ISR that a leader asks for.</summary>
/// <param name="Id">The broker.</param>
/// <param name="BrokerEpoch">The registration of the broker that its progress was reported in; -1 of the leader itself, which whoever sends it knows.</param>
public readonly record struct IsrMember(int Id, long BrokerEpoch);

/// <summary>
/// The ISR that a leader asks the controller for, by AlterPartition. The epochs are those that it was decided in: in others the controller refuses
/// it. Two that say the same are two changes; an answer belongs to the one that was sent.
/// </summary>
public sealed class IsrChange
{
    /// <summary>The leader's epoch.</summary>
    public required int LeaderEpoch { get; init; }

    /// <summary>The partition's epoch, which each committed change raises.</summary>
    public required int PartitionEpoch { get; init; }

    /// <summary>The members, by rising id.</summary>
    public required ImmutableArray<IsrMember> Isr { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{string.Join(',', Isr.Select(static member => member.Id))} in epochs {LeaderEpoch} and {PartitionEpoch}";
}

/// <summary>The controller's answer to a change.</summary>
/// <param name="Error">Why it was refused.</param>
/// <param name="PartitionEpoch">The partition's epoch after it.</param>
/// <param name="Isr">The ISR after it.</param>
public readonly record struct IsrAnswer(ErrorCode Error, int PartitionEpoch, ImmutableArray<int> Isr)
{
    /// <summary>A refusal.</summary>
    public static IsrAnswer Refused(ErrorCode error) => new(error, -1, []);
}
