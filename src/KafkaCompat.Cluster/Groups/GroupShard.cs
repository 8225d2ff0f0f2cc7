using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Cluster.Groups;

/// <summary>The groups whose records live in one partition of <c>__consumer_offsets</c>.</summary>
public sealed class GroupShard : IShard
{
    /// <summary>Records of one decision that ends the sessions of many groups' members; the rest follows in the next.</summary>
    private const int MaxRecordsPerExpiry = 500;

    private readonly GroupSettings _settings;
    private readonly Dictionary<string, Group> _groups = [];
    private readonly PriorityQueue<string, long> _deadlines = new();
    private readonly Dictionary<string, long> _deadlineOf = [];
    private readonly OffsetStore _offsets = new();
    private readonly ClassicRebalance _rebalance;
    private readonly ClassicJoin _join;
    private readonly ClassicMembership _membership;
    private readonly ClassicExpiry _expiry;
    private readonly OffsetCommits _commits;
    private readonly GroupDeletion _deletion;
    private readonly ModernGroupRecords _modern;
    private OffsetRetention? _retention;
    private OrphanSweep? _orphans;
    private long _nextRetentionCheck = long.MaxValue;
    private long _nextLoadedExpiry = long.MaxValue;
    private long _end;

    /// <summary>An empty shard, ready to load.</summary>
    public GroupShard(GroupSettings settings)
    {
        _settings = settings;
        _rebalance = new ClassicRebalance(settings);
        _join = new ClassicJoin(settings, _rebalance);
        _membership = new ClassicMembership(_rebalance);
        _expiry = new ClassicExpiry(_rebalance);
        _commits = new OffsetCommits(settings, _offsets);
        _deletion = new GroupDeletion(_offsets);
        _modern = new ModernGroupRecords(_groups);
    }

    /// <summary>The tick at which <see cref="OnDeadline"/> has something to do; <see cref="long.MaxValue"/> if never.</summary>
    public long NextDeadline
    {
        get
        {
            if (_orphans is not null || _retention is not null)
                return 0;
            var next = Math.Min(_nextRetentionCheck, _nextLoadedExpiry);
            return _deadlines.TryPeek(out _, out var deadline) ? Math.Min(deadline, next) : next;
        }
    }

    /// <inheritdoc/>
    public static bool TryRead(byte[] key, byte[]? value, out ShardRecord record) => GroupRecordCodec.TryRead(key, value, out record);

    /// <inheritdoc/>
    public static ShardCommand? TopicsDeleted(IReadOnlyCollection<string> topics, MetadataImage? image) =>
        topics.Count == 0 && image is null ? null : new ForgetTopicsCommand(topics, image);

    /// <summary>A group of the classic protocol; null where there is none of that id.</summary>
    public ClassicGroup? FindClassic(string groupId) => _groups.GetValueOrDefault(groupId) as ClassicGroup;

    /// <summary>What it holds now, in numbers.</summary>
    public GroupCounts Count()
    {
        var groups = new Dictionary<(GroupType, string), int>();
        foreach (var group in _groups.Values)
            groups[(group.Type, group.StateName)] = groups.GetValueOrDefault((group.Type, group.StateName)) + 1;
        return new GroupCounts(groups, _offsets.Count);
    }

    /// <inheritdoc/>
    public void Apply(in ShardRecord record, long offset, long producerId = -1)
    {
        _end = offset + 1;
        switch (record.Key)
        {
            case OffsetCommitKey key:
                ApplyOffset(key, (OffsetCommitValue?)record.Value, offset, producerId);
                break;
            case GroupMetadataKey key:
                ApplyGroup(key.Group, (GroupMetadataValue?)record.Value);
                break;
            default:
                // A group that changed its protocol has no deadline of the classic kind any more.
                if (_modern.Apply(record) is { } groupId)
                    Unschedule(groupId);
                break;
        }
    }

    /// <inheritdoc/>
    public void ApplyMarker(long producerId, bool isCommit) => _offsets.Decide(producerId, isCommit);

    /// <summary>
    /// The log is read: members get a full session from now on, and retention begins to run. A group with more members than <c>group.max.size</c> allows
    /// is rebalanced, and those who join last find it full.
    /// </summary>
    public ShardDecision OnLoaded(Now now)
    {
        var decision = new ShardDecision();
        decision.Draft(new RetentionDraft(null, now.After(_settings.OffsetsRetentionCheckIntervalMs)));
        if (_groups.Values.OfType<ModernGroup>().Any(static group => group is { Type: GroupType.Consumer, HasMembers: true }))
            decision.Draft(new LoadedExpiryDraft(now.After(_settings.ConsumerSessionTimeoutMs)));
        foreach (var group in _groups.Values.OfType<ClassicGroup>().Where(group => group.Members.Count > 0))
        {
            var draft = group.Copy();
            foreach (var member in draft.Members.ToArray())
                draft.Touch(member.MemberId, now);
            if (draft.Members.Count > _settings.MaxSize)
                _rebalance.Prepare(draft, now, decision);
            decision.Draft(new ClassicDraft(draft));
        }
        return decision;
    }

    /// <inheritdoc/>
    public void Install(ShardDecision decision, Now now)
    {
        foreach (var draft in decision.Drafts)
            ((GroupDraft)draft).InstallIn(this, now);
    }

    /// <inheritdoc/>
    public ShardDecision Decide(ShardCommand command, Ticket ticket, Now now) => Decide((GroupCommand)command, ticket, now);

    /// <inheritdoc/>
    public ShardDecision OnDeadline(Now now)
    {
        if (FirstDue(now) is { } group)
            return Expire(group, now);
        var decision = new ShardDecision();
        if (_nextLoadedExpiry <= now.TickMs)
        {
            ExpireLoaded(decision);
        }
        else if (_orphans is not null)
        {
            decision.Draft(new OrphanDraft(OffsetSweep.Next(_orphans, now, decision)));
        }
        else if (_retention is not null || _nextRetentionCheck <= now.TickMs)
        {
            var walk = OffsetSweep.Next(_retention ?? new OffsetRetention(_settings, _offsets, _groups), now, decision);
            decision.Draft(new RetentionDraft(walk, walk is null ? now.After(_settings.OffsetsRetentionCheckIntervalMs) : _nextRetentionCheck));
        }
        return decision;
    }

    /// <inheritdoc/>
    public ShardDecision? OnDeadlineBefore(ShardCommand command, Now now)
    {
        var due = command is ListGroupsCommand ? FirstDue(now)
            : _deadlineOf.TryGetValue(command.Key, out var deadline) && deadline <= now.TickMs ? _groups[command.Key] as ClassicGroup
            : null;
        if (due is not null)
            return Expire(due, now);
        if (_nextLoadedExpiry > now.TickMs)
            return null;
        var decision = new ShardDecision();
        ExpireLoaded(decision);
        return decision;
    }

    /// <summary>
    /// Who waits for the same decision hears of its refusal together: a leader's assignment that is lost is lost to all who wait for it, and the group begins
    /// its rebalance again.
    /// </summary>
    public ShardDecision Refused(ShardCommand command, Ticket ticket, ErrorCode error, Now now)
    {
        var decision = new ShardDecision();
        switch (command, _groups.GetValueOrDefault(command.Key))
        {
            case (SyncGroupCommand sync, ClassicGroup { State: ClassicGroupState.CompletingRebalance } group)
                when group.Generation == sync.Request.GenerationId && group.Leader == sync.Request.MemberId:
                var draft = group.Copy();
                decision.Draft(new ClassicDraft(draft));
                _rebalance.Restart(draft, ticket, error, now, decision);
                break;
            case (JoinGroupCommand { Request.GroupInstanceId: not null } join, ClassicGroup { State: ClassicGroupState.Stable } group):
                // A static member that cannot take its former self's place: the answer has the generation that goes on without it, as Kafka's has.
                decision.Reply(ticket, ClassicJoin.NotReplaced(group, join, error));
                break;
            default:
                decision.Reply(ticket, command.Refuse(error));
                break;
        }
        return decision;
    }

    internal void Install(ClassicGroup group)
    {
        Invariant.Holds(
            _groups.GetValueOrDefault(group.GroupId) is not ClassicGroup before || before.Generation <= group.Generation || before.Generation == int.MaxValue,
            $"{group.GroupId}: its generation falls to {group.Generation}");
        Invariant.Holds(!ReferenceEquals(_groups.GetValueOrDefault(group.GroupId), group), $"{group.GroupId}: it was changed before the decision's records");
        RequireWhole(group);
        _groups[group.GroupId] = group;
        Schedule(group);
    }

    /// <summary>What decisions go by: the offsets of an empty group may be deleted, and a group that nobody leads is never assigned anything.</summary>
    private static void RequireWhole(ClassicGroup group)
    {
        Invariant.Holds(group.State != ClassicGroupState.Empty || group.MemberCount == 0, $"{group.GroupId}: it is empty, and has {group.MemberCount} members");
        Invariant.Holds(group.State is ClassicGroupState.Empty or ClassicGroupState.PreparingRebalance || group.MemberCount > 0,
            $"{group.GroupId}: it is {group.State}, and has no members");
        Invariant.Holds(group.Leader is null ? group.MemberCount == 0 : group.Find(group.Leader) is not null,
            $"{group.GroupId}: its {group.MemberCount} members are led by {group.Leader ?? "nobody"}");
    }

    internal void Touch(string groupId, string memberId, Now now)
    {
        // The session only moves away, so the deadline that is scheduled stays early enough.
        if (_groups.GetValueOrDefault(groupId) is ClassicGroup group)
            group.Touch(memberId, now);
    }

    internal void GoOn(OffsetRetention? walk, long nextCheck) => (_retention, _nextRetentionCheck) = (walk, nextCheck);

    internal void GoOn(OrphanSweep? walk) => _orphans = walk;

    internal void ExpireLoadedAt(long next) => _nextLoadedExpiry = next;

    private ShardDecision Decide(GroupCommand command, Ticket ticket, Now now)
    {
        var decision = new ShardDecision();
        if (!command.FitsRecords)
        {
            decision.Reply(ticket, command.Refuse(ErrorCode.UnknownServerError));
            return decision;
        }
        var group = _groups.GetValueOrDefault(command.GroupId);
        switch (command)
        {
            case JoinGroupCommand join:
                Join(group, join, ticket, now, decision);
                break;
            case SyncGroupCommand sync when Draft(group, decision) is { } draft:
                ClassicMembership.Sync(draft, sync, ticket, now, decision);
                break;
            case HeartbeatCommand heartbeat when group is ClassicGroup classic:
                ClassicMembership.Heartbeat(classic, heartbeat, ticket, decision);
                break;
            case LeaveGroupCommand leave when Draft(group, decision) is { } draft:
                _membership.Leave(draft, leave, ticket, now, decision);
                break;
            case LeaveGroupCommand leave:
                decision.Reply(ticket, ClassicMembership.NobodyThere(leave.Request));
                break;
            case SyncGroupCommand or HeartbeatCommand:
                decision.Reply(ticket, command.Refuse(ErrorCode.UnknownMemberId));
                break;
            case CommitOffsetsCommand commit:
                _commits.Commit(group, commit, ticket, now, decision);
                break;
            case FetchOffsetsCommand fetch:
                _commits.Fetch(group, fetch, ticket, decision);
                break;
            case DeleteOffsetsCommand delete:
                _deletion.DeleteOffsets(group, delete, ticket, decision);
                break;
            case DeleteGroupCommand delete:
                _deletion.DeleteGroup(group, delete, ticket, decision);
                break;
            case DescribeGroupCommand describe:
                decision.Reply(ticket, GroupDescription.Describe(group, describe.GroupId));
                break;
            case ListGroupsCommand list:
                decision.Reply(ticket, GroupDescription.List(_groups.Values, list));
                break;
            case ForgetTopicsCommand forget:
                Forget(forget, ticket, now, decision);
                break;
            default:
                decision.Reply(ticket, command.Refuse(ErrorCode.UnknownServerError));
                break;
        }
        return decision;
    }

    private ClassicGroup? FirstDue(Now now) =>
        _deadlines.TryPeek(out var groupId, out var deadline) && deadline <= now.TickMs ? _groups[groupId] as ClassicGroup : null;

    /// <summary>One group a decision: its draft moves the group's deadline, and the next call finds the next group.</summary>
    private ShardDecision Expire(ClassicGroup group, Now now)
    {
        var decision = new ShardDecision();
        var draft = group.Copy();
        _expiry.Decide(draft, now, decision);
        decision.Draft(new ClassicDraft(draft));
        return decision;
    }

    private static ClassicGroup? Draft(Group? group, ShardDecision decision)
    {
        if (group is not ClassicGroup classic)
            return null;
        var draft = classic.Copy();
        decision.Draft(new ClassicDraft(draft));
        return draft;
    }

    private void Join(Group? group, JoinGroupCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        var request = command.Request;
        var error = ErrorCode.None;
        if (request.SessionTimeoutMs < _settings.MinSessionTimeoutMs || request.SessionTimeoutMs > _settings.MaxSessionTimeoutMs)
            error = ErrorCode.InvalidSessionTimeout;
        else if (group is ModernGroup { HasMembers: true } or ModernGroup { Type: not GroupType.Consumer })
            error = ErrorCode.InconsistentGroupProtocol;
        else if (group is not ClassicGroup && request.MemberId.Length > 0)
            error = ErrorCode.UnknownMemberId;
        else if (group is not ClassicGroup && (request.ProtocolType.Length == 0 || request.Protocols.Count == 0))
            error = ErrorCode.InconsistentGroupProtocol;
        if (error != ErrorCode.None)
        {
            decision.Reply(ticket, command.Refuse(error));
            return;
        }
        var draft = (group as ClassicGroup)?.Copy();
        if (draft is null)
        {
            if (group is ModernGroup)
            {
                foreach (var tombstone in GroupRecord.ConsumerGroupTombstones(command.GroupId))
                    decision.Write(tombstone);
            }
            draft = new ClassicGroup(command.GroupId, now.WallMs);
            decision.Write(GroupRecord.Group(command.GroupId, draft.ToValue()));
        }
        decision.Draft(new ClassicDraft(draft));
        _join.Decide(draft, command, ticket, now, decision);
    }

    private void Forget(ForgetTopicsCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        // A walk that is under way has passed groups by that the news concern: one that starts over sees to both.
        var deleted = _orphans is null ? command.Topics : command.Topics.Concat(_orphans.Deleted);
        var walk = new OrphanSweep(_groups.Keys, _offsets, deleted, command.Image, _end);
        decision.Draft(new OrphanDraft(OffsetSweep.Next(walk, now, decision)));
        decision.Reply(ticket, command.Refuse(ErrorCode.None));
    }

    /// <summary>Ends the sessions of consumer groups' members, one group after the other, as Kafka does for members that it does not hear of.</summary>
    private void ExpireLoaded(ShardDecision decision)
    {
        decision.IsAtomic = false;
        foreach (var group in _groups.Values.OfType<ModernGroup>())
        {
            if (group is not { Type: GroupType.Consumer, HasMembers: true })
                continue;
            foreach (var memberId in group.MemberIds)
            {
                foreach (var tombstone in GroupRecord.ConsumerMemberTombstones(group.GroupId, memberId))
                    decision.Write(tombstone);
            }
            decision.Write(GroupRecord.ConsumerGroupEpoch(group.GroupId, group.Epoch + 1));
            // The rest follows in the next decision, which finds these without members.
            if (decision.Records.Count >= MaxRecordsPerExpiry)
                return;
        }
        decision.Draft(new LoadedExpiryDraft(long.MaxValue));
    }

    private void ApplyOffset(OffsetCommitKey key, OffsetCommitValue? value, long offset, long producerId)
    {
        var position = new OffsetPosition(key.Topic, key.Partition);
        if (value is null)
        {
            _offsets.Remove(key.Group, position);
            return;
        }
        // A group of simple consumers has no record of its own: its offsets make it.
        if (!_groups.ContainsKey(key.Group))
            _groups[key.Group] = new ClassicGroup(key.Group, value.CommitTimestamp);
        var committed = new CommittedOffset(
            value.Offset, value.LeaderEpoch, value.Metadata, value.CommitTimestamp,
            value.ExpireTimestamp < 0 ? null : value.ExpireTimestamp, value.TopicId, offset);
        if (producerId < 0)
            _offsets.Set(key.Group, position, committed);
        else
            _offsets.SetUndecided(producerId, key.Group, position, committed);
    }

    private void ApplyGroup(string groupId, GroupMetadataValue? value)
    {
        if (value is not null)
        {
            var group = ClassicGroup.FromValue(groupId, value);
            _groups[groupId] = group;
            Schedule(group);
            return;
        }
        if (_groups.GetValueOrDefault(groupId) is ClassicGroup)
            _ = _groups.Remove(groupId);
        Unschedule(groupId);
    }

    /// <summary>
    /// The queue may hold several entries of a group; the one that equals <see cref="_deadlineOf"/> counts, and the head always does.
    /// </summary>
    private void Schedule(ClassicGroup group)
    {
        if (group.NextDeadline() is { } deadline)
        {
            if (!_deadlineOf.TryGetValue(group.GroupId, out var scheduled) || scheduled != deadline)
            {
                _deadlineOf[group.GroupId] = deadline;
                _deadlines.Enqueue(group.GroupId, deadline);
            }
        }
        else
        {
            _ = _deadlineOf.Remove(group.GroupId);
        }

        DropStaleDeadlines();
    }

    private void Unschedule(string groupId)
    {
        if (_deadlineOf.Remove(groupId))
            DropStaleDeadlines();
    }

    private void DropStaleDeadlines()
    {
        while (_deadlines.TryPeek(out var groupId, out var deadline)
            && (!_deadlineOf.TryGetValue(groupId, out var scheduled) || scheduled != deadline))
        {
            _ = _deadlines.Dequeue();
        }
    }
}
