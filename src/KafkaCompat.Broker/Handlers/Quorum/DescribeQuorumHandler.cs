using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Handlers.Quorum;

/// <summary>
/// DescribeQuorum 0-2: who votes on the metadata log and how far each has come. From 1 on when a replica fetched last, from 2
/// on the voters' directories and where they are reached. A request for anything but that one partition is UNKNOWN_TOPIC_OR_PARTITION for all that it names.
/// </summary>
[Serves(ApiKey.DescribeQuorum, 0, 2, ApiListeners.Controller)]
public sealed class DescribeQuorumHandler(Func<QuorumDescription> describe, TimeProvider time) : IHandler<DescribeQuorumRequest, DescribeQuorumResponse>
{

    /// <summary>The first version with the voters' directories and where they are reached.</summary>
    private const short DirectoriesSince = 2;

    public ValueTask<DescribeQuorumResponse?> Handle(DescribeQuorumRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnCluster(AclOperation.Describe))
        {
            var refusal = new DescribeQuorumResponse { ErrorCode = ErrorCode.ClusterAuthorizationFailed, ErrorMessage = AuthorizationTexts.Cluster };
            return ValueTask.FromResult<DescribeQuorumResponse?>(refusal);
        }
        var response = new DescribeQuorumResponse { ErrorMessage = "" };
        var isServed = request.Topics is [{ TopicName: InternalTopics.ClusterMetadata, Partitions: [{ PartitionIndex: 0 }] }];
        foreach (var topic in request.Topics)
        {
            var results = new DescribeQuorumResponse.TopicData { TopicName = topic.TopicName };
            response.Topics.Add(results);
            foreach (var asked in topic.Partitions) results.Partitions.Add(Describe(isServed, asked.PartitionIndex, context.ApiVersion));
        }
        if (context.ApiVersion >= DirectoriesSince && isServed) AddNodes(response);
        return ValueTask.FromResult<DescribeQuorumResponse?>(response);
    }

    private DescribeQuorumResponse.PartitionData Describe(bool isServed, int index, short version)
    {
        if (!isServed)
        {
            return new DescribeQuorumResponse.PartitionData
            {
                PartitionIndex = index,
                ErrorCode = ErrorCode.UnknownTopicOrPartition,
                ErrorMessage = "This server does not host this topic-partition.",
            };
        }
        var quorum = describe();
        return new DescribeQuorumResponse.PartitionData
        {
            PartitionIndex = index,
            ErrorMessage = "",
            LeaderId = quorum.LeaderId,
            LeaderEpoch = quorum.Epoch,
            HighWatermark = quorum.HighWatermark,
            CurrentVoters = [.. quorum.Voters.Select(voter => StateOf(voter, quorum, version))],
            Observers = [.. quorum.Observers.Select(observer => StateOf(observer, quorum, version))],
        };
    }

    /// <summary>The leader does not fetch from itself: it is up to date at any time.</summary>
    private DescribeQuorumResponse.ReplicaState StateOf(QuorumReplica replica, QuorumDescription quorum, short version)
    {
        var isLeader = replica.Key.Id == quorum.LeaderId;
        var now = time.WallMs();
        return new DescribeQuorumResponse.ReplicaState
        {
            ReplicaId = replica.Key.Id,
            ReplicaDirectoryId = version >= DirectoriesSince ? replica.Key.DirectoryId : Uuid.Zero,
            LogEndOffset = isLeader ? Math.Max(replica.EndOffset, quorum.HighWatermark) : replica.EndOffset,
            LastFetchTimestamp = isLeader ? now : replica.LastFetchMs,
            LastCaughtUpTimestamp = isLeader ? now : replica.LastCaughtUpMs,
        };
    }

    private void AddNodes(DescribeQuorumResponse response)
    {
        foreach (var voter in describe().VoterSet.Voters)
        {
            var node = new DescribeQuorumResponse.Node { NodeId = voter.Key.Id };
            foreach (var endpoint in voter.Endpoints)
                node.Listeners.Add(new() { Name = endpoint.Name, Host = endpoint.Host, Port = (ushort)endpoint.Port });
            response.Nodes.Add(node);
        }
    }
}
