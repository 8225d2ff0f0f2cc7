using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// What the controller decided: the records to append, and the drafts of what is never written. The order of use is that of every machine: apply the records,
/// install the drafts with <see cref="ControllerState.Install"/>. Until then the decision has changed nothing, and whoever made it may forget it.
/// </summary>
public record Decision(IReadOnlyList<VersionedRecord> Records)
{
    /// <summary>
    /// Whether the records have to go into one batch. What follows from the life of a broker may have more, and be appended in part where there is no other
    /// way: whatever is missing is found and decided again.
    /// </summary>
    public bool IsAtomic { get; init; } = true;

    /// <summary>What becomes the controller's own when the decision is installed.</summary>
    public IReadOnlyList<Draft> Drafts { get; init; } = [];

    /// <summary>An answer that changes nothing.</summary>
    public static Decision<TReply> Of<TReply>(TReply reply) => new([], reply);
}

/// <summary>
/// A decision about a request. Its reply is given once the records are committed. Without records it still waits for what was decided before, on which it may
/// rest.
/// </summary>
public sealed record Decision<TReply>(IReadOnlyList<VersionedRecord> Records, TReply Reply) : Decision(Records);
