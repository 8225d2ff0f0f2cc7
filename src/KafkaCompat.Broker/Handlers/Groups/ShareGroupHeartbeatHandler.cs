using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// ShareGroupHeartbeat 1: UNSUPPORTED_VERSION with a text, as Kafka answers where share groups are switched off. It is advertised although it is refused, so
/// that the log names who asked.
/// </summary>
[Serves(ApiKey.ShareGroupHeartbeat, 1, 1)]
public sealed class ShareGroupHeartbeatHandler(UnservedFeatures unserved) : IHandler<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>
{
    public ValueTask<ShareGroupHeartbeatResponse?> Handle(ShareGroupHeartbeatRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnGroup(AclOperation.Read, request.GroupId))
            return ValueTask.FromResult<ShareGroupHeartbeatResponse?>(new() { ErrorCode = ErrorCode.GroupAuthorizationFailed });
        if (request.SubscribedTopicNames?.TrueForAll(topic => context.Access.AllowsOnTopic(AclOperation.Describe, topic)) == false)
            return ValueTask.FromResult<ShareGroupHeartbeatResponse?>(new() { ErrorCode = ErrorCode.TopicAuthorizationFailed });
        unserved.Asked(UnservedFeature.ShareGroups, context);
        return ValueTask.FromResult<ShareGroupHeartbeatResponse?>(
            new() { ErrorCode = ErrorCode.UnsupportedVersion, ErrorMessage = UnservedFeature.ShareGroups.Message });
    }
}
