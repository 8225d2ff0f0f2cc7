namespace KafkaCompat.Cluster.Machines;

/// <summary>
/// What one command or one passed deadline leads to: the records to append, the replies to release once they are committed, and the
/// drafts of what is never written.
///
/// The order of use is fixed: append <see cref="Records"/>, apply each of them with its offset, install the drafts with
/// <see cref="IShard.Install"/>, and release the replies when the offset is committed. Nothing of a decision touches the shard before its records are in the
/// log. So one whose append was refused is forgotten, and one whose append has an unknown outcome takes the shard with it, which is loaded again.
/// </summary>
public sealed class ShardDecision
{
    private List<ShardRecord>? _records;
    private List<ShardReply>? _replies;
    private List<Draft>? _drafts;

    /// <summary>Whether the records mean something together only, so that they have to go into one batch. What a sweep takes away can go in several.</summary>
    public bool IsAtomic { get; set; } = true;

    /// <summary>Records for the partition's log, in order; into one batch where the decision is atomic.</summary>
    public IReadOnlyList<ShardRecord> Records => _records ?? (IReadOnlyList<ShardRecord>)[];

    /// <summary>Replies that may leave once everything appended so far is committed.</summary>
    public IReadOnlyList<ShardReply> Replies => _replies ?? (IReadOnlyList<ShardReply>)[];

    /// <summary>What becomes the shard's own when the decision is installed.</summary>
    public IReadOnlyList<Draft> Drafts => _drafts ?? (IReadOnlyList<Draft>)[];

    /// <summary>A record follows.</summary>
    public void Write(ShardRecord record) => (_records ??= []).Add(record);

    /// <summary>Somebody is answered.</summary>
    public void Reply(Ticket ticket, object body) => (_replies ??= []).Add(new ShardReply(ticket, body));

    /// <summary>A part of the next state.</summary>
    public void Draft(Draft draft) => (_drafts ??= []).Add(draft);
}
