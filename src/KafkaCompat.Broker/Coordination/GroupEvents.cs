using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Machines;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Coordination;

/// <summary>Logs what a decision changes in groups: a line for each step of a rebalance. Heartbeats and commits change nothing of these.</summary>
internal static class GroupEvents
{
    /// <summary>Made while the shard still has the groups as they were, and logged once the decision is in the log.</summary>
    public static IReadOnlyList<Action> Of(ILogger logger, GroupShard shard, ShardDecision decision)
    {
        List<Action>? events = null;
        foreach (var next in decision.Drafts)
        {
            if (next is not ClassicDraft { Group: var draft }) continue;
            var before = shard.FindClassic(draft.GroupId);
            var (members, generation) = (draft.MemberCount, draft.Generation);
            if (before?.State == draft.State && before.Generation == draft.Generation) continue;
            switch (draft.State)
            {
                case ClassicGroupState.PreparingRebalance:
                    (events ??= []).Add(() => logger.Rebalances(draft.GroupId, members, generation));
                    break;
                case ClassicGroupState.CompletingRebalance:
                    var leader = draft.LeaderId ?? "(none)";
                    (events ??= []).Add(() => logger.Generation(draft.GroupId, generation, members, leader));
                    break;
                case ClassicGroupState.Stable:
                    (events ??= []).Add(() => logger.Stable(draft.GroupId, generation, members));
                    break;
                case ClassicGroupState.Empty when before is { MemberCount: > 0 }:
                    (events ??= []).Add(() => logger.Emptied(draft.GroupId, generation));
                    break;
                default:
                    break;
            }
        }
        return events ?? (IReadOnlyList<Action>)[];
    }
}
