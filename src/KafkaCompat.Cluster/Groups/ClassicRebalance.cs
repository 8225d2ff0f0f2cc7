using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// The steps of a rebalance that joins, leaves and expiries share. Each works on a draft and adds what follows to the decision.
/// </summary>
internal sealed class ClassicRebalance(GroupSettings settings)
{
    /// <summary>A client may name a rebalance timeout of zero; looking again without a pause would keep the shard busy for nothing.</summary>
    private const int MinRetryMs = 1_000;

    /// <summary>Starts a rebalance if the group is in a state that allows one, else sees whether the running join phase is over.</summary>
    internal void PrepareOrComplete(ClassicGroup group, Now now, ShardDecision decision)
    {
        if (group.State == ClassicGroupState.PreparingRebalance)
            CompleteJoinIfAllJoined(group, now, decision);
        else
            Prepare(group, now, decision);
    }

    /// <summary>Asks all members to join again, from any state but PreparingRebalance.</summary>
    internal void Prepare(ClassicGroup group, Now now, ShardDecision decision)
    {
        if (group.State == ClassicGroupState.CompletingRebalance)
            RefuseWaitingSyncs(group, now, decision);
        group.StopAwaitingSync();
        if (group.State == ClassicGroupState.Empty && group.Members.Count > 0)
        {
            // The first rebalance waits, so that the members of a starting application land in one generation.
            var step = Math.Min(settings.InitialRebalanceDelayMs, group.RebalanceTimeoutMs);
            var remaining = Math.Max(group.RebalanceTimeoutMs - settings.InitialRebalanceDelayMs, 0);
            group.Initial = new ClassicGroup.InitialDelay(step, remaining, NewMemberAdded: false);
            group.JoinDeadline = now.After(step);
            group.MoveTo(ClassicGroupState.PreparingRebalance, now);
            return;
        }
        group.Initial = null;
        group.JoinDeadline = now.After(group.RebalanceTimeoutMs);
        group.MoveTo(ClassicGroupState.PreparingRebalance, now);
        CompleteJoinIfAllJoined(group, now, decision);
    }

    /// <summary>
    /// The assignment of this generation could not be kept: whoever waits for it and the leader, who asked with <paramref name="leader"/>, are told the error,
    /// and all are asked to join again.
    /// </summary>
    internal void Restart(ClassicGroup group, Ticket leader, ErrorCode error, Now now, ShardDecision decision)
    {
        decision.Reply(leader, new SyncGroupResponse { ErrorCode = error });
        foreach (var member in group.Members.ToArray())
        {
            if (member.SyncTicket is not { } sync)
                continue;
            if (sync != leader)
                decision.Reply(sync, new SyncGroupResponse { ErrorCode = error });
            group.Update(member with { SyncTicket = null, SessionDeadline = now.After(member.SessionTimeoutMs) });
        }
        Prepare(group, now, decision);
    }

    /// <summary>Ends the join phase as soon as nobody is missing; the initial delay is waited for in any case.</summary>
    internal static void CompleteJoinIfAllJoined(ClassicGroup group, Now now, ShardDecision decision)
    {
        if (group.State == ClassicGroupState.PreparingRebalance && group.Initial is null && group.HasAllMembersJoined)
            CompleteJoin(group, now, decision);
    }

    /// <summary>The join phase's deadline has come.</summary>
    internal void JoinDeadlinePassed(ClassicGroup group, Now now, ShardDecision decision)
    {
        if (group.Initial is { NewMemberAdded: true, RemainingMs: > 0 } initial)
        {
            var step = Math.Min(settings.InitialRebalanceDelayMs, initial.RemainingMs);
            var remaining = Math.Max(initial.RemainingMs - initial.StepMs, 0);
            group.Initial = new ClassicGroup.InitialDelay(step, remaining, NewMemberAdded: false);
            group.JoinDeadline = now.After(step);
            return;
        }
        CompleteJoin(group, now, decision);
    }

    /// <summary>Takes a member out and answers whatever it waits for.</summary>
    internal static void Remove(ClassicGroup group, ClassicMember member, ErrorCode error, ShardDecision decision)
    {
        RefuseWaiting(member, error, decision);
        group.Remove(member);
    }

    /// <summary>Answers the requests that a member has parked.</summary>
    internal static void RefuseWaiting(ClassicMember member, ErrorCode error, ShardDecision decision)
    {
        if (member.JoinTicket is { } join)
            decision.Reply(join, JoinGroupCommand.Refuse(error, member.MemberId));
        if (member.SyncTicket is { } sync)
            decision.Reply(sync, new SyncGroupResponse { ErrorCode = error });
    }

    /// <summary>The answer that lets a member into the current generation; the leader gets everybody's metadata.</summary>
    internal static JoinGroupResponse Joined(ClassicGroup group, string memberId) => new()
    {
        GenerationId = group.Generation,
        ProtocolType = group.ProtocolType,
        ProtocolName = group.Protocol,
        Leader = group.Leader ?? "",
        MemberId = memberId,
        Members = memberId == group.Leader ? MembersForLeader(group) : [],
    };

    internal static List<JoinGroupResponse.JoinGroupResponseMember> MembersForLeader(ClassicGroup group) =>
        [.. group.Members.Select(member => new JoinGroupResponse.JoinGroupResponseMember
        {
            MemberId = member.MemberId,
            GroupInstanceId = member.GroupInstanceId,
            Metadata = member.MetadataFor(group.Protocol),
        })];

    private static void RefuseWaitingSyncs(ClassicGroup group, Now now, ShardDecision decision)
    {
        foreach (var member in group.Members.ToArray())
        {
            if (member.SyncTicket is { } sync)
            {
                decision.Reply(sync, new SyncGroupResponse { ErrorCode = ErrorCode.RebalanceInProgress });
                group.Update(member with { SyncTicket = null, Assignment = [], SessionDeadline = now.After(member.SessionTimeoutMs) });
            }
            else
            {
                group.Update(member with { Assignment = [] });
            }
        }
    }

    private static void CompleteJoin(ClassicGroup group, Now now, ShardDecision decision)
    {
        group.JoinDeadline = null;
        group.Initial = null;
        foreach (var member in group.Members.ToArray())
        {
            // A static member keeps its place while it is away; its session decides.
            if (member.JoinTicket is null && !member.IsStatic)
                group.Remove(member);
        }
        if (!group.ElectJoinedLeader() && group.Members.Count > 0)
        {
            // Only static members are left and none is here. The generation cannot begin without one that computes the assignment.
            group.JoinDeadline = now.After(Math.Max(group.RebalanceTimeoutMs, MinRetryMs));
            return;
        }
        group.BeginGeneration();
        if (group.Members.Count == 0)
        {
            group.Protocol = null;
            group.MoveTo(ClassicGroupState.Empty, now);
            decision.Write(GroupRecord.Group(group.GroupId, group.ToValue()));
            return;
        }
        group.Protocol = group.SelectProtocol();
        group.MoveTo(ClassicGroupState.CompletingRebalance, now);
        foreach (var member in group.Members.ToArray())
        {
            var released = member with { IsNew = false, JoinTicket = null };
            if (member.JoinTicket is { } join)
            {
                decision.Reply(join, Joined(group, member.MemberId));
                released = released with { SessionDeadline = now.After(member.SessionTimeoutMs) };
            }
            group.Update(released);
        }
        group.AwaitSyncFromAll(now.After(group.RebalanceTimeoutMs));
    }
}
