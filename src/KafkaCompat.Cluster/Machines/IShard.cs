using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Machines;

/// <summary>
/// What a coordinator keeps in one partition of an internal topic, as a machine without clock, log, lock or task. Groups are one; transactions and share state
/// are others.
///
/// Loading: <see cref="Apply"/> every record in log order and <see cref="ApplyMarker"/> every transaction marker, then
/// <see cref="OnLoaded"/>. Living: <see cref="Decide"/> or <see cref="OnDeadline"/>, append the decision's records,
/// <see cref="Apply"/> each with its offset, <see cref="Install"/> the decision, release its replies once the log has committed.
/// Deciding changes nothing, so whoever decides may forget a decision, and the same commands over the same records give the same decisions.
/// </summary>
public interface IShard
{
    /// <summary>The tick at which <see cref="OnDeadline"/> has something to do; <see cref="long.MaxValue"/> if never.</summary>
    long NextDeadline => long.MaxValue;

    /// <summary>
    /// Decodes a record. False for a type that is not known: a newer version may have written it. Throws <see cref="WireFormatException"/> for bytes that are
    /// no record.
    /// </summary>
    static abstract bool TryRead(byte[] key, byte[]? value, out ShardRecord record);

    /// <summary>
    /// The command for topics that were deleted since the last such command; null if the shard keeps nothing of topics.
    /// </summary>
    /// <param name="topics">The names of topics that are gone, or were created again since.</param>
    /// <param name="image">The metadata as it is known here, no older than what any command was let through by that was decided before. Null where nobody knows
    /// it.</param>
    static virtual ShardCommand? TopicsDeleted(IReadOnlyCollection<string> topics, MetadataImage? image) => null;

    /// <summary>Takes over one record, the same when loading as when it was just appended at <paramref name="offset"/>.</summary>
    /// <param name="record">The record.</param>
    /// <param name="offset">Its offset in the partition.</param>
    /// <param name="producerId">Of a record in a transactional batch, else -1.</param>
    void Apply(in ShardRecord record, long offset, long producerId = -1);

    /// <summary>Takes over the decision about a producer's transaction.</summary>
    void ApplyMarker(long producerId, bool isCommit)
    {
    }

    /// <summary>The log is read.</summary>
    ShardDecision OnLoaded(Now now) => new();

    /// <summary>What follows from a request. Replies carry its ticket now or in a later decision.</summary>
    ShardDecision Decide(ShardCommand command, Ticket ticket, Now now);

    /// <summary>What follows from time having passed. Call it again while <see cref="NextDeadline"/> is not in the future.</summary>
    ShardDecision OnDeadline(Now now) => new();

    /// <summary>
    /// What is due by now of all that a command looks at, a piece at a time; null where nothing is. It comes before the command is decided: what has ended by
    /// the clock has ended for whoever asks, and not only when a timer gets round to it.
    /// </summary>
    ShardDecision? OnDeadlineBefore(ShardCommand command, Now now) => null;

    /// <summary>
    /// What follows where the records of a command's decision are not in the log and never will be, because they are too large or too few replicas would have
    /// them. It has replies and drafts, and no records.
    /// </summary>
    ShardDecision Refused(ShardCommand command, Ticket ticket, ErrorCode error, Now now)
    {
        ArgumentNullException.ThrowIfNull(command);
        var decision = new ShardDecision();
        decision.Reply(ticket, command.Refuse(error));
        return decision;
    }

    /// <summary>Makes the decision's unwritten part the shard's state, after its records have been applied.</summary>
    void Install(ShardDecision decision, Now now)
    {
    }
}
