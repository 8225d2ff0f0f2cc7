using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// What the controller decided: records to append, which are all there or none, and the reply to give once they are committed.
/// Without records the reply still waits for what was decided before, on which it may rest.
/// </summary>
public sealed record Decision<TReply>(IReadOnlyList<VersionedRecord> Records, TReply Reply)
{
    /// <summary>
    /// Whether the records have to go into one batch. What follows from the life of a broker may have more, and be appended in part where there is no other way:
    /// whatever is missing is found and decided again.
    /// </summary>
    public bool IsAtomic { get; init; } = true;
}

/// <summary>Makes decisions without records.</summary>
public static class Decision
{
    /// <summary>An answer that changes nothing.</summary>
    public static Decision<TReply> Of<TReply>(TReply reply) => new([], reply);
}
