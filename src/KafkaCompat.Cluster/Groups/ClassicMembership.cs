using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Groups;

/// <summary>SyncGroup, Heartbeat and LeaveGroup: what a member that is in the group may ask.</summary>
internal sealed class ClassicMembership(ClassicRebalance rebalance)
{
    /// <summary>Whether this is a member. An instance id is believed before a member id: a newer bearer fences the older one.</summary>
    internal static ErrorCode Check(ClassicGroup group, string memberId, string? groupInstanceId)
    {
        if (groupInstanceId is not null)
        {
            var current = group.FindStatic(groupInstanceId);
            if (current is null)
                return ErrorCode.UnknownMemberId;
            if (current != memberId)
                return ErrorCode.FencedInstanceId;
        }
        return group.Find(memberId) is null ? ErrorCode.UnknownMemberId : ErrorCode.None;
    }

    /// <summary>Whether this is a member of this generation.</summary>
    internal static ErrorCode Check(ClassicGroup group, string memberId, string? groupInstanceId, int generation)
    {
        var error = Check(group, memberId, groupInstanceId);
        return error != ErrorCode.None ? error : generation != group.Generation ? ErrorCode.IllegalGeneration : ErrorCode.None;
    }

    internal static void Sync(ClassicGroup group, SyncGroupCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        var request = command.Request;
        var error = Check(group, request.MemberId, request.GroupInstanceId, request.GenerationId);
        if (error == ErrorCode.None
            && ((request.ProtocolType is not null && request.ProtocolType != group.ProtocolType)
                || (request.ProtocolName is not null && request.ProtocolName != group.Protocol)))
        {
            error = ErrorCode.InconsistentGroupProtocol;
        }

        if (error == ErrorCode.None && group.State == ClassicGroupState.PreparingRebalance)
            error = ErrorCode.RebalanceInProgress;
        if (error != ErrorCode.None)
        {
            decision.Reply(ticket, command.Refuse(error));
            return;
        }
        var member = group.Find(request.MemberId)!;
        group.SyncReceived(member.MemberId);
        group.Touch(member.MemberId, now);
        member = group.Find(member.MemberId)!;
        if (group.State == ClassicGroupState.Stable)
        {
            decision.Reply(ticket, Assigned(group, member));
            return;
        }
        if (member.SyncTicket is { } earlier)
            decision.Reply(earlier, new SyncGroupResponse { ErrorCode = ErrorCode.RebalanceInProgress });
        group.Update(member with { SyncTicket = ticket });
        if (group.Leader == member.MemberId)
            Assign(group, request, now, decision);
    }

    internal static void Heartbeat(ClassicGroup group, HeartbeatCommand command, Ticket ticket, ShardDecision decision)
    {
        var request = command.Request;
        var error = Check(group, request.MemberId, request.GroupInstanceId, request.GenerationId);
        if (error == ErrorCode.None)
        {
            decision.Draft(new TouchDraft(group.GroupId, request.MemberId));
            if (group.State == ClassicGroupState.PreparingRebalance)
                error = ErrorCode.RebalanceInProgress;
        }
        decision.Reply(ticket, command.Refuse(error));
    }

    internal void Leave(ClassicGroup group, LeaveGroupCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        var answers = new List<LeaveGroupResponse.MemberResponse>(command.Request.Members.Count);
        var anyGone = false;
        foreach (var leaving in command.Request.Members)
        {
            var error = LeaveOne(group, leaving, decision);
            anyGone |= error == ErrorCode.None;
            answers.Add(Answer(leaving, error));
        }
        decision.Reply(ticket, new LeaveGroupResponse { Members = answers });
        if (anyGone && group.State != ClassicGroupState.Empty)
            rebalance.PrepareOrComplete(group, now, decision);
    }

    internal static LeaveGroupResponse NobodyThere(LeaveGroupRequest request) =>
        new() { Members = [.. request.Members.Select(leaving => Answer(leaving, ErrorCode.UnknownMemberId))] };

    private static LeaveGroupResponse.MemberResponse Answer(LeaveGroupRequest.MemberIdentity leaving, ErrorCode error) =>
        new() { MemberId = leaving.MemberId, GroupInstanceId = leaving.GroupInstanceId, ErrorCode = error };

    private static ErrorCode LeaveOne(ClassicGroup group, LeaveGroupRequest.MemberIdentity leaving, ShardDecision decision)
    {
        var memberId = leaving.MemberId;
        if (memberId.Length == 0)
        {
            // An administrator removes static members by instance id alone.
            if (leaving.GroupInstanceId is not { } instance || group.FindStatic(instance) is not { } current)
                return ErrorCode.UnknownMemberId;
            memberId = current;
        }
        else if (leaving.GroupInstanceId is null && group.RemovePendingJoin(memberId))
        {
            return ErrorCode.None;
        }
        else if (Check(group, memberId, leaving.GroupInstanceId) is var error and not ErrorCode.None)
        {
            return error;
        }

        ClassicRebalance.Remove(group, group.Find(memberId)!, ErrorCode.UnknownMemberId, decision);
        return ErrorCode.None;
    }

    private static void Assign(ClassicGroup group, SyncGroupRequest request, Now now, ShardDecision decision)
    {
        var assignments = new Dictionary<string, byte[]>();
        foreach (var assigned in request.Assignments)
            assignments[assigned.MemberId] = assigned.Assignment;
        foreach (var member in group.Members.ToArray())
            group.Update(member with { Assignment = assignments.GetValueOrDefault(member.MemberId, []) });
        // The record keeps the time at which the generation began, as Kafka's does; the group's own clock moves on with its state.
        decision.Write(GroupRecord.Group(group.GroupId, group.ToValue()));
        group.MoveTo(ClassicGroupState.Stable, now);
        foreach (var member in group.Members.ToArray())
        {
            if (member.SyncTicket is not { } waiting)
                continue;
            decision.Reply(waiting, Assigned(group, member));
            group.Update(member with { SyncTicket = null, SessionDeadline = now.After(member.SessionTimeoutMs) });
        }
    }

    private static SyncGroupResponse Assigned(ClassicGroup group, ClassicMember member) => new()
    {
        ProtocolType = group.ProtocolType,
        ProtocolName = group.Protocol,
        Assignment = member.Assignment,
    };
}
