using KafkaCompat.Broker.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>
/// The answer that refuses a whole request: shaped as a broker's, for what the request names, with the error wherever its version has a field for one. The
/// shape follows from the spec (<see cref="IRequest.Refusal"/>), but for the keys below, whose answers have more to them. A test holds this to every key and
/// version that is served.
/// </summary>
internal static class ErrorAnswers
{
    public static IResponse For(IRequest request, short version, ErrorCode error, BrokerMetadata? metadata, string listener) => request switch
    {
        ProduceRequest r => DataErrors.Of(r, error),
        FetchRequest r => DataErrors.Of(r, error),
        ListOffsetsRequest r => DataErrors.Of(r, error),
        DeleteRecordsRequest r => DataErrors.Of(r, error),
        OffsetForLeaderEpochRequest r => DataErrors.Of(r, error),
        DescribeProducersRequest r => DataErrors.Of(r, error),
        InitProducerIdRequest => new InitProducerIdResponse { ErrorCode = error },
        MetadataRequest r => MetadataErrors.Of(r, version, error, metadata, listener),
        DescribeTopicPartitionsRequest r => MetadataErrors.Of(r, error),
        ApiVersionsRequest => MetadataErrors.OfVersions(error),
        DescribeClusterRequest r => new DescribeClusterResponse { ErrorCode = error, ErrorMessage = Message(error), EndpointType = r.EndpointType },
        FindCoordinatorRequest r => GroupErrors.Of(r, version, error),
        JoinGroupRequest r => GroupErrors.Of(r, error),
        SyncGroupRequest => new SyncGroupResponse { ErrorCode = error },
        HeartbeatRequest => new HeartbeatResponse { ErrorCode = error },
        LeaveGroupRequest r => GroupErrors.Of(r, version, error),
        DescribeGroupsRequest r => GroupErrors.Of(r, version, error),
        ListGroupsRequest => new ListGroupsResponse { ErrorCode = error },
        DeleteGroupsRequest r => GroupErrors.Of(r, error),
        ConsumerGroupHeartbeatRequest => new ConsumerGroupHeartbeatResponse { ErrorCode = error, ErrorMessage = Message(error) },
        ShareGroupHeartbeatRequest => new ShareGroupHeartbeatResponse { ErrorCode = error, ErrorMessage = Message(error) },
        StreamsGroupHeartbeatRequest => new StreamsGroupHeartbeatResponse { ErrorCode = error, ErrorMessage = Message(error) },
        OffsetCommitRequest r => GroupErrors.Of(r, error),
        OffsetFetchRequest r => GroupErrors.Of(r, version, error),
        OffsetDeleteRequest r => GroupErrors.Of(r, error),
        AlterReplicaLogDirsRequest r => TopicErrors.Of(r, error),
        DescribeLogDirsRequest => TopicErrors.OfLogDirs(version, error),
        DescribeConfigsRequest r => ConfigErrors.Of(r, error),
        ListConfigResourcesRequest => new ListConfigResourcesResponse { ErrorCode = error },
        DescribeClientQuotasRequest => new DescribeClientQuotasResponse { ErrorCode = error, ErrorMessage = Message(error), Entries = null },
        DescribeUserScramCredentialsRequest r => ConfigErrors.Of(r, error),
        SaslHandshakeRequest => new SaslHandshakeResponse { ErrorCode = error },
        SaslAuthenticateRequest => new SaslAuthenticateResponse { ErrorCode = error, ErrorMessage = Message(error) },
        DescribeAclsRequest => new DescribeAclsResponse { ErrorCode = error, ErrorMessage = Message(error) },
        DescribeDelegationTokenRequest => new DescribeDelegationTokenResponse { ErrorCode = error },
        DescribeQuorumRequest r => ConfigErrors.Of(r, error),
        GetTelemetrySubscriptionsRequest => new GetTelemetrySubscriptionsResponse { ErrorCode = error },
        PushTelemetryRequest => new PushTelemetryResponse { ErrorCode = error },
        _ => request.Refusal(version, error, Message(error)),
    };

    /// <summary>What a client prints, so that nobody looks for the cause in the broker.</summary>
    public static string Message(ErrorCode error) => $"{error}, as the test's fault plan wants it.";
}
