namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// What one command or one passed deadline leads to: the records to append, the replies to release once they are committed, and the
/// drafts of groups that carry what is never written (who waits for a rebalance, when a session ends).
///
/// The order of use is fixed: append <see cref="Records"/>, apply each of them with its offset, install the drafts with
/// <see cref="GroupShard.Install"/>, and release the replies when the offset is committed. If the append fails, nothing of the
/// decision has touched the shard, which is dropped and loaded again.
/// </summary>
public sealed class GroupDecision
{
    private List<GroupRecord>? _records;
    private List<GroupReply>? _replies;
    private List<ClassicGroup>? _drafts;
    private List<(string GroupId, string MemberId)>? _touched;

    /// <summary>Whether the records mean something together only, so that they have to go into one batch. What a sweep takes away can go in several.</summary>
    public bool IsAtomic { get; internal set; } = true;

    /// <summary>Records for the partition's log, in order; into one batch where the decision is atomic.</summary>
    public IReadOnlyList<GroupRecord> Records => _records ?? (IReadOnlyList<GroupRecord>)[];

    /// <summary>Replies that may leave once everything appended so far is committed.</summary>
    public IReadOnlyList<GroupReply> Replies => _replies ?? (IReadOnlyList<GroupReply>)[];

    /// <summary>Groups as they are once the decision is installed.</summary>
    public IReadOnlyList<ClassicGroup> Drafts => _drafts ?? (IReadOnlyList<ClassicGroup>)[];

    /// <summary>Members that gave a sign of life and changed nothing else: a heartbeat need not copy its group.</summary>
    internal IReadOnlyList<(string GroupId, string MemberId)> Touched => _touched ?? (IReadOnlyList<(string, string)>)[];

    /// <summary>When to look for expired offsets again, if that was just done.</summary>
    internal long? NextRetentionCheck { get; set; }

    /// <summary>When the sessions of members end that were loaded and whose protocol is not served, if that has changed.</summary>
    internal long? NextLoadedExpiry { get; set; }

    internal void Touch(string groupId, string memberId) => (_touched ??= []).Add((groupId, memberId));

    internal void Write(GroupRecord record) => (_records ??= []).Add(record);

    internal void Reply(GroupTicket ticket, object body) => (_replies ??= []).Add(new GroupReply(ticket, body));

    /// <summary>The group's next state. The draft is the decision's own copy until it is installed.</summary>
    internal void Draft(ClassicGroup group)
    {
        _drafts ??= [];
        if (!_drafts.Contains(group))
            _drafts.Add(group);
    }
}
