using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// The replicas of a partition on the way from one list to another: those wanted first, then those that go once all wanted ones are in sync.
/// Invariants: Adding ∪ Removing ⊆ Replicas; Adding ∩ Removing = ∅; Isr ⊆ Replicas.
/// </summary>
public sealed record PartitionReassignment
{
    private PartitionReassignment()
    {
    }

    public required ImmutableArray<int> Replicas { get; init; }

    public required ImmutableArray<int> Adding { get; init; }

    public required ImmutableArray<int> Removing { get; init; }

    public required ImmutableArray<int> Isr { get; init; }

    /// <summary>Where a broker holds a replica that it is given.</summary>
    public required Func<int, Uuid> DirectoryOf { get; init; }

    /// <summary>Moves a partition to other replicas; over at once where all of them are in sync.</summary>
    public static PartitionReassignment To(IReadOnlyList<int> wanted, PartitionRegistration before, Func<int, Uuid> directoryOf)
    {
        ImmutableArray<int> removing = [.. before.Replicas.Where(r => !wanted.Contains(r))];
        return Completed(new PartitionReassignment
        {
            Replicas = [.. wanted, .. removing],
            Adding = [.. wanted.Where(r => !before.Replicas.Contains(r))],
            Removing = removing,
            Isr = before.Isr,
            DirectoryOf = directoryOf,
        });
    }

    /// <summary>Gives up a move that is under way: what it added goes, what it was to remove stays.</summary>
    public static PartitionReassignment Reverted(PartitionRegistration before, Func<int, Uuid> directoryOf) => new()
    {
        Replicas = [.. before.Replicas.Where(r => !before.AddingReplicas.Contains(r))],
        Adding = [],
        Removing = [],
        Isr = [.. before.Isr.Where(r => !before.AddingReplicas.Contains(r))],
        DirectoryOf = directoryOf,
    };

    /// <summary>Writes what differs into a change; whether anything does.</summary>
    internal bool Fill(PartitionChangeRecord change, PartitionRegistration before, MetadataVersionInfo version)
    {
        var isChanged = false;
        if (!Replicas.SequenceEqual(before.Replicas))
        {
            change.Replicas = [.. Replicas];
            if (version.IsDirectoryAssignmentSupported)
            {
                change.Directories = [.. Replicas.Select(r => before.Replicas.Contains(r) ? before.DirectoryOf(r) : DirectoryOf(r))];
            }

            isChanged = true;
        }

        if (!Removing.SequenceEqual(before.RemovingReplicas))
        {
            change.RemovingReplicas = [.. Removing];
            isChanged = true;
        }

        if (!Adding.SequenceEqual(before.AddingReplicas))
        {
            change.AddingReplicas = [.. Adding];
            isChanged = true;
        }

        return isChanged;
    }

    private static PartitionReassignment Completed(PartitionReassignment moving)
    {
        ImmutableArray<int> isr = [.. moving.Isr.Where(r => !moving.Removing.Contains(r))];
        var isOver = (moving.Adding.Length > 0 || moving.Removing.Length > 0) && isr.Length > 0 && moving.Adding.All(isr.Contains);
        return !isOver ? moving : moving with
        {
            Replicas = [.. moving.Replicas.Where(r => !moving.Removing.Contains(r))],
            Adding = [],
            Removing = [],
            Isr = isr,
        };
    }
}
