using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// JoinGroup. A member without id gets one, from version 4 on with the demand to come back with it (MEMBER_ID_REQUIRED), so that a
/// client that gives up leaves nothing behind but a pending id. A static member is known by its instance id and replaces its former self.
/// </summary>
internal sealed class ClassicJoin(GroupSettings settings, ClassicRebalance rebalance)
{
    /// <summary>Works on <paramref name="group"/>, a draft; a group that does not exist yet comes as a new one.</summary>
    internal void Decide(ClassicGroup group, JoinGroupCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        var request = command.Request;
        var memberId = request.MemberId;
        if (!HasRoomFor(group, memberId))
        {
            if (group.RemovePendingJoin(memberId))
                ClassicRebalance.CompleteJoinIfAllJoined(group, now, decision);
            decision.Reply(ticket, JoinGroupCommand.Refuse(ErrorCode.GroupMaxSizeReached, ""));
        }
        else if (!group.Supports(request.ProtocolType, command.Protocols))
        {
            decision.Reply(ticket, command.Refuse(ErrorCode.InconsistentGroupProtocol));
        }
        else if (memberId.Length == 0)
        {
            JoinWithoutId(group, command, ticket, now, decision);
        }
        else
        {
            JoinWithId(group, command, ticket, now, decision);
        }
    }

    /// <summary>The answer to a static member whose return could not be kept: it has no id, and learns of the generation that goes on.</summary>
    internal static JoinGroupResponse NotReplaced(ClassicGroup group, JoinGroupCommand command, ErrorCode error) => new()
    {
        ErrorCode = error,
        GenerationId = group.Generation,
        ProtocolType = group.ProtocolType,
        ProtocolName = group.Protocol,
        Leader = group.Leader ?? "",
        MemberId = command.Request.MemberId,
    };

    private bool HasRoomFor(ClassicGroup group, string memberId) => group.State switch
    {
        ClassicGroupState.Empty => true,
        ClassicGroupState.PreparingRebalance =>
            group.Find(memberId)?.JoinTicket is not null || group.Members.Count(m => m.JoinTicket is not null) < settings.MaxSize,
        _ => group.Find(memberId) is not null || group.Members.Count < settings.MaxSize,
    };

    private void JoinWithoutId(ClassicGroup group, JoinGroupCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        var request = command.Request;
        if (request.GroupInstanceId is { } instance)
        {
            var newId = $"{instance}-{command.NewMemberSuffix}";
            if (group.FindStatic(instance) is { } oldId)
                ReturnAs(group, group.Find(oldId)!, newId, command, ticket, now, decision);
            else
                Add(group, newId, command, ticket, now, decision);
            return;
        }
        var memberId = $"{command.ClientId}-{command.NewMemberSuffix}";
        if (!command.RequireKnownMemberId)
        {
            Add(group, memberId, command, ticket, now, decision);
            return;
        }
        group.AddPendingJoin(memberId, now.After(request.SessionTimeoutMs));
        decision.Reply(ticket, JoinGroupCommand.Refuse(ErrorCode.MemberIdRequired, memberId));
    }

    private void JoinWithId(ClassicGroup group, JoinGroupCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        var memberId = command.Request.MemberId;
        if (command.Request.GroupInstanceId is null && group.HasPendingJoin(memberId))
        {
            Add(group, memberId, command, ticket, now, decision);
            return;
        }
        var error = ClassicMembership.Check(group, memberId, command.Request.GroupInstanceId);
        if (error != ErrorCode.None || group.State == ClassicGroupState.Empty)
        {
            decision.Reply(ticket, command.Refuse(error != ErrorCode.None ? error : ErrorCode.UnknownMemberId));
            return;
        }
        var member = group.Find(memberId)!;
        // An answer may have been lost: one that asks again for what it has is answered again. Only the leader can force a rebalance by asking.
        var asksAgain = group.State == ClassicGroupState.CompletingRebalance
            || (group.State == ClassicGroupState.Stable && group.Leader != memberId);
        if (asksAgain && member.Offers(command.Protocols))
        {
            decision.Reply(ticket, ClassicRebalance.Joined(group, memberId));
            return;
        }
        Rejoin(group, member, command, ticket, now, decision);
        rebalance.PrepareOrComplete(group, now, decision);
    }

    private void Add(ClassicGroup group, string memberId, JoinGroupCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        var request = command.Request;
        if (group.Members.Count == 0)
            group.ProtocolType = request.ProtocolType;
        _ = group.RemovePendingJoin(memberId);
        group.Add(new ClassicMember
        {
            MemberId = memberId,
            GroupInstanceId = request.GroupInstanceId,
            ClientId = command.ClientId,
            ClientHost = command.ClientHost,
            RebalanceTimeoutMs = request.RebalanceTimeoutMs,
            SessionTimeoutMs = request.SessionTimeoutMs,
            Protocols = command.Protocols,
            IsNew = true,
            SessionDeadline = now.After(GroupSettings.NewMemberJoinTimeoutMs),
            JoinTicket = ticket,
        });
        if (group.Initial is { } initial)
            group.Initial = initial with { NewMemberAdded = true };
        rebalance.PrepareOrComplete(group, now, decision);
    }

    /// <summary>The member waits for the rebalance with what it offers now. An earlier request of its own is answered first.</summary>
    private static void Rejoin(ClassicGroup group, ClassicMember member, JoinGroupCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        if (member.JoinTicket is { } earlier)
            decision.Reply(earlier, JoinGroupCommand.Refuse(ErrorCode.RebalanceInProgress, member.MemberId));
        group.Update(member with
        {
            Protocols = command.Protocols,
            RebalanceTimeoutMs = command.Request.RebalanceTimeoutMs,
            SessionTimeoutMs = command.Request.SessionTimeoutMs,
            JoinTicket = ticket,
            SessionDeadline = now.After(command.Request.SessionTimeoutMs),
        });
    }

    /// <summary>
    /// A static member is back with a new id. In a stable group whose protocol stays the same nothing else changes: it is told the
    /// generation that goes on, and a leader is kept from computing an assignment that nobody asked for.
    /// </summary>
    private void ReturnAs(
        ClassicGroup group, ClassicMember old, string memberId, JoinGroupCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        ClassicRebalance.RefuseWaiting(old, ErrorCode.FencedInstanceId, decision);
        var member = group.ReplaceStatic(old, memberId);
        if (group.State != ClassicGroupState.Stable)
        {
            Rejoin(group, member, command, ticket, now, decision);
            rebalance.PrepareOrComplete(group, now, decision);
            return;
        }
        var protocol = group.Protocol;
        group.Update(member with
        {
            Protocols = command.Protocols,
            RebalanceTimeoutMs = command.Request.RebalanceTimeoutMs,
            SessionTimeoutMs = command.Request.SessionTimeoutMs,
            SessionDeadline = now.After(command.Request.SessionTimeoutMs),
        });
        if (group.SelectProtocol() != protocol)
        {
            Rejoin(group, group.Find(memberId)!, command, ticket, now, decision);
            rebalance.PrepareOrComplete(group, now, decision);
            return;
        }
        decision.Write(GroupRecord.Group(group.GroupId, group.ToValue()));
        var isLeader = group.Leader == memberId;
        var skips = isLeader && command.SupportsSkippingAssignment;
        decision.Reply(ticket, new JoinGroupResponse
        {
            GenerationId = group.Generation,
            ProtocolType = group.ProtocolType,
            ProtocolName = group.Protocol,
            // An older client takes itself for a follower when the leader's id is its former one.
            Leader = isLeader && !skips ? old.MemberId : group.Leader ?? "",
            SkipAssignment = skips,
            MemberId = memberId,
            Members = skips ? ClassicRebalance.MembersForLeader(group) : [],
        });
    }
}
