using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// FindCoordinator 0-6: the broker that coordinates a group. From 4 on several keys at once.
/// <list type="bullet">
/// <item>The first question creates <c>__consumer_offsets</c>; it is answered with COORDINATOR_NOT_AVAILABLE and the client asks again.</item>
/// <item>In 1 to 3 the message beside no error is the word NONE, as with Kafka.</item>
/// <item>A key type that there is not, and a share key in versions before 6, are INVALID_REQUEST.</item>
/// </list>
/// Left out: coordinators of transactions and of share groups' state. A transactional id is answered with TRANSACTIONAL_ID_AUTHORIZATION_FAILED and a
/// share key with INVALID_REQUEST: of the possible errors, these end a client's attempts at once, where most others have it try for ever. Kafka's own client is
/// answered UNSUPPORTED_VERSION for a transactional id: it gives up at both, and shows the text, which says what is the matter, beside an error that it does
/// not know alone.
/// </summary>
[Serves(ApiKey.FindCoordinator, 0, 6)]
public sealed class FindCoordinatorHandler(BrokerMetadata metadata, TopicCreator creator, UnservedFeatures unserved)
    : IHandler<FindCoordinatorRequest, FindCoordinatorResponse>
{
    private const sbyte GroupKey = 0;

    /// <summary>Kafka's own words for INVALID_REQUEST.</summary>
    private const string InvalidRequestText =
        "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. "
        + "See the broker logs for more details.";

    /// <summary>As Kafka's own client names itself.</summary>
    private const string JavaClient = "apache-kafka-java";

    private const sbyte TransactionKey = 1;

    /// <summary>The first version that asks for several keys; in it an error that is no surprise has no text.</summary>
    private const short SeveralKeysSince = 4;

    /// <summary>The first version that knows share keys.</summary>
    private const short ShareKeySince = 6;

    public ValueTask<FindCoordinatorResponse?> Handle(FindCoordinatorRequest request, RequestContext context)
    {
        var image = metadata.Current;
        if (context.ApiVersion >= SeveralKeysSince)
        {
            return ValueTask.FromResult<FindCoordinatorResponse?>(new FindCoordinatorResponse
            {
                Coordinators = [.. request.CoordinatorKeys.Select(key => Find(key, request.KeyType, image, context))],
            });
        }
        var found = Find(request.Key, request.KeyType, image, context);
        return ValueTask.FromResult<FindCoordinatorResponse?>(new FindCoordinatorResponse
        {
            ErrorCode = found.ErrorCode,
            ErrorMessage = found.ErrorCode == ErrorCode.None ? "NONE" : found.ErrorMessage,
            NodeId = found.NodeId,
            Host = found.Host,
            Port = found.Port,
        });
    }

    private FindCoordinatorResponse.Coordinator Find(string key, sbyte keyType, MetadataImage image, RequestContext context)
    {
        if (keyType is < 0 or > 2)
            return Missing(key, ErrorCode.InvalidRequest, InvalidRequestText);
        if (Forbidden(key, keyType, context) is { } error)
            return Missing(key, error, ForbiddenText(error, context.ApiVersion));
        if (keyType != GroupKey)
            return Unserved(key, keyType, context);
        if (image.FindTopic(InternalTopics.Offsets) is not { } topic)
        {
            _ = creator.Create(InternalTopics.Offsets);
            return Missing(key, ErrorCode.CoordinatorNotAvailable, "");
        }
        var partition = topic.Partitions[ShardPartition.For(key, topic.Partitions.Count)];
        foreach (var broker in BrokerMetadata.Endpoints(image, context.ListenerName, includeFenced: false))
        {
            if (broker.NodeId == partition.Leader)
                return new() { Key = key, NodeId = broker.NodeId, Host = broker.Host, Port = broker.Port, ErrorMessage = "" };
        }
        return Missing(key, ErrorCode.CoordinatorNotAvailable, "");
    }

    /// <summary>The error of a client that may not look for a coordinator; null where it may. A share key is looked for by brokers alone.</summary>
    private static ErrorCode? Forbidden(string key, sbyte keyType, RequestContext context) => keyType switch
    {
        GroupKey => context.Access.AllowsOnGroup(AclOperation.Describe, key) ? null : ErrorCode.GroupAuthorizationFailed,
        TransactionKey => context.Access.Allows(AclOperation.Describe, ResourceType.TransactionalId, key) ? null : ErrorCode.TransactionalIdAuthorizationFailed,
        _ => context.ApiVersion < ShareKeySince || context.Access.AllowsOnCluster(AclOperation.ClusterAction) ? null : ErrorCode.ClusterAuthorizationFailed,
    };

    private static string ForbiddenText(ErrorCode error, short version) => error switch
    {
        ErrorCode.ClusterAuthorizationFailed => AuthorizationTexts.Cluster,
        ErrorCode.GroupAuthorizationFailed when version < SeveralKeysSince => AuthorizationTexts.Group,
        ErrorCode.TransactionalIdAuthorizationFailed when version < SeveralKeysSince => AuthorizationTexts.TransactionalId,
        _ => "",
    };

    private FindCoordinatorResponse.Coordinator Unserved(string key, sbyte keyType, RequestContext context)
    {
        var feature = keyType == TransactionKey ? UnservedFeature.Transactions : UnservedFeature.ShareGroups;
        unserved.Asked(feature, context);
        var error = keyType != TransactionKey ? ErrorCode.InvalidRequest
            : context.Connection.ClientSoftwareName == JavaClient ? ErrorCode.UnsupportedVersion
            : ErrorCode.TransactionalIdAuthorizationFailed;
        return Missing(key, error, feature.Message);
    }

    private static FindCoordinatorResponse.Coordinator Missing(string key, ErrorCode error, string message) =>
        new() { Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = error, ErrorMessage = message };
}
