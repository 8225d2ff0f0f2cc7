using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Cluster.Replication;

/// <summary>
/// A partition's leader in one epoch, as far as its followers go: what they have, who of them is in sync, and what is committed. A machine without
/// clock, lock or file: it hears of its own log, of fetches, of time, of the controller's answers and of metadata, and says what follows. Another epoch of
/// the same replica is another object.
/// <list type="bullet">
/// <item>A record is committed, below the high watermark, when all have it that may be in sync by what the controller knows (<see
/// cref="IsrState.MayHold"/>). Whoever the controller elects from its ISR has it then, whichever of the leader's changes the controller has taken.</item>
/// <item>With fewer replicas in sync than asked for nothing is committed.</item>
/// <item>A fetch counts when the follower's log is this one before its offset. Of a log that has diverged the offset means nothing.</item>
/// <item>A follower joins when it has all that is committed and has come as far as this epoch's start: before that its log may hold other records.</item>
/// <item>One change of the ISR is asked for at a time.</item>
/// </list>
/// Invariants: the high watermark only grows and never passes the log's end; in the committed ISR is this replica.
/// </summary>
public sealed class LeaderReplica
{
    private readonly int _nodeId;
    private readonly long _epochStartOffset;
    private FollowerProgress[] _followers;
    private long _logEndOffset;

    /// <summary>Up to where this replica's own log counts: in flush mode its durable end.</summary>
    private long _heldEndOffset;

    /// <summary>Begins to lead.</summary>
    /// <param name="nodeId">This broker.</param>
    /// <param name="registration">What the metadata says of the partition; its leader is this broker.</param>
    /// <param name="settings">The rules.</param>
    /// <param name="logEndOffset">The end of its log, where this epoch starts.</param>
    /// <param name="highWatermark">As it knew it before.</param>
    /// <param name="tick">The monotonic clock.</param>
    public LeaderReplica(int nodeId, PartitionRegistration registration, ReplicationSettings settings, long logEndOffset, long highWatermark, long tick)
    {
        ArgumentNullException.ThrowIfNull(registration);
        Invariant.Holds(highWatermark <= logEndOffset,
            $"Epoch {registration.LeaderEpoch} begins with the high watermark {highWatermark} of a log up to {logEndOffset}");
        _nodeId = nodeId;
        Settings = settings;
        LeaderEpoch = registration.LeaderEpoch;
        PartitionEpoch = registration.PartitionEpoch;
        Isr = new CommittedIsr(InOrder(registration.Isr));
        HighWatermark = highWatermark;
        _epochStartOffset = _logEndOffset = logEndOffset;
        _followers = Followers(registration, []);
        foreach (var follower in _followers)
        {
            // A member has the time that a lag may take to tell how far it is.
            if (Isr.Isr.Contains(follower.Id))
                follower.LastCaughtUpTick = tick;
        }
    }

    /// <summary>The rules; a change counts from what is heard next on.</summary>
    public ReplicationSettings Settings { get; set; }

    /// <summary>The epoch that it leads in.</summary>
    public int LeaderEpoch { get; }

    /// <summary>The partition's epoch by what it knows.</summary>
    public int PartitionEpoch { get; private set; }

    /// <summary>The replicas in sync.</summary>
    public IsrState Isr { get; private set; }

    /// <summary>Every replica in sync has all before it.</summary>
    public long HighWatermark { get; private set; }

    /// <summary>Whether there are fewer replicas in sync than acks=all needs: it is refused, and nothing is committed.</summary>
    public bool IsUnderMinIsr => Isr.Isr.Length < Math.Min(Settings.MinInSyncReplicas, _followers.Length + 1);

    private IsrChange? Asked => Isr switch
    {
        PendingExpand expand => expand.Change,
        PendingShrink shrink => shrink.Change,
        _ => null,
    };

    /// <summary>Its own log has grown, or more of it counts. True where records were committed.</summary>
    /// <param name="logEndOffset">The end of its log.</param>
    /// <param name="heldEndOffset">Up to where it counts: the same, or in flush mode the durable end.</param>
    public bool OnOwnLog(long logEndOffset, long heldEndOffset)
    {
        Invariant.Holds(logEndOffset >= _logEndOffset, $"Epoch {LeaderEpoch}: a leader's log only grows, and went from {_logEndOffset} to {logEndOffset}");
        Invariant.Holds(heldEndOffset <= logEndOffset, $"Epoch {LeaderEpoch}: {heldEndOffset} is durable of a log that ends at {logEndOffset}");
        _logEndOffset = logEndOffset;
        _heldEndOffset = heldEndOffset;
        return Advance();
    }

    /// <summary>A follower asks for what is behind the end of its log, and shows by that what it has.</summary>
    public FetchVerdict OnFetch(in FollowerFetch fetch, long tick)
    {
        if (fetch.LeaderEpoch != LeaderEpoch)
            return FetchVerdict.Refused(fetch.LeaderEpoch < LeaderEpoch ? ErrorCode.FencedLeaderEpoch : ErrorCode.UnknownLeaderEpoch);
        // One that is being added learns so from metadata that the leader has not seen yet: it tries again.
        if (Find(fetch.ReplicaId) is not { } follower)
            return FetchVerdict.Refused(ErrorCode.UnknownLeaderEpoch);
        if (fetch.BrokerEpoch < follower.BrokerEpoch)
            return FetchVerdict.Refused(ErrorCode.NotLeaderOrFollower);
        if (fetch.LastFetchedEpoch >= 0 && (fetch.KnownEnd.Epoch < fetch.LastFetchedEpoch || fetch.KnownEnd.EndOffset < fetch.Offset))
            return new FetchVerdict(ErrorCode.None, fetch.KnownEnd, default);
        if (fetch.Offset > _logEndOffset)
            return FetchVerdict.Refused(ErrorCode.OffsetOutOfRange);
        follower.Fetched(fetch, _logEndOffset, tick);
        var isOutside = !Isr.MayHold(follower.Id);
        follower.IsJoining = isOutside && fetch.MayJoin && follower.IsCaughtUp(_logEndOffset, tick, Settings.MaxLagMs);
        var change = isOutside && fetch.MayJoin ? Expand(follower) : null;
        return new FetchVerdict(ErrorCode.None, null, new LeaderStep(Advance(), change));
    }

    /// <summary>
    /// Time has passed: members that lag are to leave, and nobody waits any more for one that lags and is none. To be called at least twice within
    /// the lag that is allowed.
    /// </summary>
    public LeaderStep OnTick(long tick)
    {
        foreach (var follower in _followers)
            follower.IsJoining &= follower.IsCaughtUp(_logEndOffset, tick, Settings.MaxLagMs);
        return new LeaderStep(Advance(), Shrink(tick));
    }

    /// <summary>The controller has answered, or could not be asked. Answers to anything but the change that is pending are of the past.</summary>
    public LeaderStep OnIsrAnswer(IsrChange change, in IsrAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (!ReferenceEquals(change, Asked))
            return default;
        switch (answer.Error)
        {
            case ErrorCode.None when answer.PartitionEpoch < PartitionEpoch || !answer.Isr.Contains(_nodeId):
                // No answer to this leader's change. The metadata will show it.
                return default;
            case ErrorCode.None:
                PartitionEpoch = answer.PartitionEpoch;
                Commit(answer.Isr);
                return new LeaderStep(Advance(), null);
            case ErrorCode.IneligibleReplica or ErrorCode.OperationNotAttempted:
                Commit(Isr.Isr);
                return new LeaderStep(Advance(), null);
            case ErrorCode.FencedLeaderEpoch or ErrorCode.InvalidUpdateVersion or ErrorCode.InvalidRequest or ErrorCode.NewLeaderElected
                or ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId:
                // The controller knows more: its metadata is on the way, and until then either set may be the one.
                return default;
            default:
                return new LeaderStep(false, change);
        }
    }

    /// <summary>
    /// Newer metadata of the same leader's epoch. It overrides a change that is pending: the controller has taken that before, or refuses it.
    /// </summary>
    public LeaderStep OnMetadata(PartitionRegistration registration, long tick)
    {
        ArgumentNullException.ThrowIfNull(registration);
        Invariant.Holds(registration.LeaderEpoch == LeaderEpoch, $"Epoch {registration.LeaderEpoch} is another leader than that of {LeaderEpoch}");
        if (registration.PartitionEpoch <= PartitionEpoch)
            return default;
        PartitionEpoch = registration.PartitionEpoch;
        var before = Isr;
        _followers = Followers(registration, _followers);
        Commit(registration.Isr);
        foreach (var follower in _followers)
        {
            if (Isr.Isr.Contains(follower.Id) && !before.MayHold(follower.Id))
                follower.LastCaughtUpTick = tick;
        }
        return new LeaderStep(Advance(), null);
    }

    private void Commit(ImmutableArray<int> isr)
    {
        Isr = new CommittedIsr(InOrder(isr));
        // A replica that was removed has to catch up again before an acknowledgement waits for it.
        foreach (var follower in _followers)
            follower.IsJoining = false;
    }

    private IsrChange? Expand(FollowerProgress follower)
    {
        if (Isr is not CommittedIsr || follower.LogEndOffset < HighWatermark || follower.LogEndOffset < _epochStartOffset)
            return null;
        var change = Change(Isr.Isr.Add(follower.Id));
        Isr = new PendingExpand(Isr.Isr, follower.Id, change);
        return change;
    }

    private IsrChange? Shrink(long tick)
    {
        if (Isr is not CommittedIsr)
            return null;
        var members = _followers.Where(follower => Isr.Isr.Contains(follower.Id));
        ImmutableArray<int> lagging =
            [.. members.Where(member => !member.IsCaughtUp(_logEndOffset, tick, Settings.MaxLagMs)).Select(static member => member.Id)];
        if (lagging.IsEmpty)
            return null;
        var change = Change(Isr.Isr.RemoveRange(lagging));
        Isr = new PendingShrink(Isr.Isr, lagging, change);
        return change;
    }

    private IsrChange Change(ImmutableArray<int> isr) => new()
    {
        LeaderEpoch = LeaderEpoch,
        PartitionEpoch = PartitionEpoch,
        Isr = [.. isr.Order().Select(id => new IsrMember(id, Find(id)?.BrokerEpoch ?? -1))],
    };

    /// <summary>Commits what everybody has that counts. Called with every append: it makes nothing.</summary>
    private bool Advance()
    {
        if (IsUnderMinIsr)
            return false;
        var target = _heldEndOffset;
        foreach (var follower in _followers)
        {
            if (follower.LogEndOffset < target && (follower.IsJoining || Isr.MayHold(follower.Id)))
                target = follower.LogEndOffset;
        }
        if (target <= HighWatermark)
            return false;
        Invariant.Holds(target <= _logEndOffset, $"Epoch {LeaderEpoch}: {target} is to be committed of a log that ends at {_logEndOffset}");
        HighWatermark = target;
        return true;
    }

    private FollowerProgress? Find(int id)
    {
        foreach (var follower in _followers)
        {
            if (follower.Id == id)
                return follower;
        }
        return null;
    }

    private FollowerProgress[] Followers(PartitionRegistration registration, FollowerProgress[] known)
    {
        var others = registration.Replicas.Order().Where(id => id != _nodeId);
        return [.. others.Select(id => Array.Find(known, follower => follower.Id == id) ?? new FollowerProgress(id))];
    }

    /// <summary>The same where it is in order already, as one member alone is.</summary>
    private static ImmutableArray<int> InOrder(ImmutableArray<int> isr) => isr.Length > 1 ? [.. isr.Order()] : isr;
}
