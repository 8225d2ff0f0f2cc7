using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Groups;

/// <summary>OffsetCommit and OffsetFetch: who may commit, what is stored, what is shown.</summary>
internal sealed class OffsetCommits(GroupSettings settings, OffsetStore offsets)
{
    private const long NoOffset = -1;
    private const int NoEpoch = -1;

    /// <summary>Commits for <paramref name="group"/>, or for one that does not exist yet.</summary>
    internal void Commit(Group? group, CommitOffsetsCommand command, Ticket ticket, Now now, ShardDecision decision)
    {
        var request = command.Request;
        var error = group is null && request.GenerationIdOrMemberEpoch >= 0 && command.KnowsGroupIdNotFound
            ? ErrorCode.GroupIdNotFound
            : Check(group, request);
        if (error != ErrorCode.None)
        {
            decision.Reply(ticket, command.Refuse(error));
            return;
        }
        if (group is ClassicGroup { State: ClassicGroupState.Stable or ClassicGroupState.PreparingRebalance } && request.GenerationIdOrMemberEpoch >= 0)
            decision.Draft(new TouchDraft(group.GroupId, request.MemberId));
        var expireTimestamp = request.RetentionTimeMs < 0 ? (long?)null : Math.Min(request.RetentionTimeMs, long.MaxValue - now.WallMs) + now.WallMs;
        decision.Reply(ticket, CommitOffsetsCommand.Answer(request, (topic, partition) =>
        {
            if (partition.CommittedMetadata?.Length > settings.OffsetMetadataMaxLength)
                return ErrorCode.OffsetMetadataTooLarge;
            decision.Write(GroupRecord.Offset(
                command.GroupId,
                new OffsetPosition(topic.Name, partition.PartitionIndex),
                new CommittedOffset(
                    partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.CommittedMetadata ?? "", now.WallMs, expireTimestamp, topic.TopicId,
                        0)));
            return ErrorCode.None;
        }));
    }

    internal void Fetch(Group? group, FetchOffsetsCommand command, Ticket ticket, ShardDecision decision)
    {
        var request = command.Request;
        var answer = new OffsetFetchResponse.OffsetFetchResponseGroup { GroupId = request.GroupId };
        if (group is ModernGroup modern && CheckFetch(modern, request) is var error and not ErrorCode.None)
        {
            answer.ErrorCode = error;
        }
        else if (request.Topics is null)
        {
            answer.Topics = FetchAll(request.GroupId, command.RequireStable);
        }
        else
        {
            answer.Topics = [.. request.Topics.Select(topic => new OffsetFetchResponse.OffsetFetchResponseTopics
            {
                Name = topic.Name,
                TopicId = topic.TopicId,
                Partitions =
                    [.. topic.PartitionIndexes.Select(partition => Show(request.GroupId, new OffsetPosition(topic.Name, partition), command.RequireStable))],
            })];
        }
        decision.Reply(ticket, answer);
    }

    private List<OffsetFetchResponse.OffsetFetchResponseTopics> FetchAll(string groupId, bool requireStable)
    {
        var positions = offsets.Of(groupId).Keys.AsEnumerable();
        if (requireStable)
            positions = positions.Union(offsets.Undecided(groupId));
        return [.. positions.GroupBy(position => position.Topic).Select(topic => new OffsetFetchResponse.OffsetFetchResponseTopics
        {
            Name = topic.Key,
            Partitions = [.. topic.Select(position => Show(groupId, position, requireStable))],
        })];
    }

    private OffsetFetchResponse.OffsetFetchResponsePartitions Show(string groupId, OffsetPosition position, bool requireStable)
    {
        var shown = new OffsetFetchResponse.OffsetFetchResponsePartitions
        {
            PartitionIndex = position.Partition,
            CommittedOffset = NoOffset,
            CommittedLeaderEpoch = NoEpoch,
            Metadata = "",
        };
        if (requireStable && offsets.IsUndecided(groupId, position))
        {
            shown.ErrorCode = ErrorCode.UnstableOffsetCommit;
        }
        else if (offsets.Of(groupId).TryGetValue(position, out var committed))
        {
            shown.CommittedOffset = committed.Offset;
            shown.CommittedLeaderEpoch = committed.LeaderEpoch;
            shown.Metadata = committed.Metadata;
        }
        return shown;
    }

    private static ErrorCode Check(Group? group, OffsetCommitRequest request) => group switch
    {
        // Anybody may commit for a group that nobody is a member of; a generation can only come from a group that is gone.
        null => request.GenerationIdOrMemberEpoch < 0 ? ErrorCode.None : ErrorCode.IllegalGeneration,
        ClassicGroup classic => Check(classic, request),
        ModernGroup modern => Check(modern, request.MemberId, request.GenerationIdOrMemberEpoch),
        _ => ErrorCode.UnknownServerError,
    };

    private static ErrorCode Check(ClassicGroup group, OffsetCommitRequest request)
    {
        var generation = request.GenerationIdOrMemberEpoch;
        if (generation < 0 && group.State == ClassicGroupState.Empty)
            return ErrorCode.None;
        if (generation >= 0 || request.MemberId.Length > 0 || request.GroupInstanceId is not null)
        {
            var error = ClassicMembership.Check(group, request.MemberId, request.GroupInstanceId, generation);
            if (error != ErrorCode.None)
                return error;
        }
        else if (group.State != ClassicGroupState.Empty)
        {
            return ErrorCode.UnknownMemberId;
        }

        return group.State == ClassicGroupState.CompletingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    private static ErrorCode Check(ModernGroup group, string memberId, int memberEpoch)
    {
        if (memberEpoch < 0 && !group.HasMembers)
            return ErrorCode.None;
        if (!group.TryGetMemberEpoch(memberId, out var epoch))
            return ErrorCode.UnknownMemberId;
        return epoch == memberEpoch ? ErrorCode.None : ErrorCode.StaleMemberEpoch;
    }

    private static ErrorCode CheckFetch(ModernGroup group, OffsetFetchRequest.OffsetFetchRequestGroup request)
    {
        if (string.IsNullOrEmpty(request.MemberId) && request.MemberEpoch < 0)
            return ErrorCode.None;
        if (request.MemberId is null || !group.TryGetMemberEpoch(request.MemberId, out var epoch))
            return ErrorCode.UnknownMemberId;
        return epoch == request.MemberEpoch ? ErrorCode.None : ErrorCode.StaleMemberEpoch;
    }
}
