using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Groups;

/// <summary>What happens to a classic group when time passes: the end of sessions, of the join phase, of waiting for SyncGroup.</summary>
internal sealed class ClassicExpiry(ClassicRebalance rebalance)
{
    internal void Decide(ClassicGroup group, Now now, ShardDecision decision)
    {
        ExpirePendingJoins(group, now, decision);
        ExpireSessions(group, now, decision);
        if (group.SyncDeadline <= now.TickMs)
            ExpirePendingSyncs(group, now, decision);
        if (group.JoinDeadline <= now.TickMs)
            rebalance.JoinDeadlinePassed(group, now, decision);
    }

    private static void ExpirePendingJoins(ClassicGroup group, Now now, ShardDecision decision)
    {
        while (group.RemoveExpiredPendingJoin(now))
            ClassicRebalance.CompleteJoinIfAllJoined(group, now, decision);
    }

    private void ExpireSessions(ClassicGroup group, Now now, ShardDecision decision)
    {
        var anyGone = false;
        foreach (var member in group.Members.ToArray())
        {
            if (member.SessionDeadline > now.TickMs)
                continue;
            // A member that waits for the group cannot prove that it lives. A new one has no other sign to give, and is kept five minutes.
            if (!member.IsNew && (member.JoinTicket is not null || member.SyncTicket is not null))
            {
                group.Update(member with { SessionDeadline = now.After(member.SessionTimeoutMs) });
                continue;
            }
            ClassicRebalance.Remove(group, member, ErrorCode.UnknownMemberId, decision);
            anyGone = true;
        }
        if (anyGone && group.State != ClassicGroupState.Empty)
            rebalance.PrepareOrComplete(group, now, decision);
    }

    private void ExpirePendingSyncs(ClassicGroup group, Now now, ShardDecision decision)
    {
        foreach (var memberId in group.PendingSyncs.ToArray())
            ClassicRebalance.Remove(group, group.Find(memberId)!, ErrorCode.UnknownMemberId, decision);
        group.StopAwaitingSync();
        if (group.State is ClassicGroupState.CompletingRebalance or ClassicGroupState.Stable)
            rebalance.Prepare(group, now, decision);
    }
}
