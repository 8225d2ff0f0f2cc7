using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// ConsumerGroupHeartbeat 0-1: UNSUPPORTED_VERSION with a text, as Kafka answers where the consumer protocol is switched off.
/// It is advertised although it is refused: librdkafka's consumers wait for ever, and without a word, where version 1 is not.
/// </summary>
[Serves(ApiKey.ConsumerGroupHeartbeat, 0, 1)]
public sealed class ConsumerGroupHeartbeatHandler(UnservedFeatures unserved) : IHandler<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>
{
    public ValueTask<ConsumerGroupHeartbeatResponse?> Handle(ConsumerGroupHeartbeatRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnGroup(AclOperation.Read, request.GroupId))
            return ValueTask.FromResult<ConsumerGroupHeartbeatResponse?>(new() { ErrorCode = ErrorCode.GroupAuthorizationFailed });
        if (request.SubscribedTopicNames?.TrueForAll(topic => context.Access.AllowsOnTopic(AclOperation.Describe, topic)) == false)
            return ValueTask.FromResult<ConsumerGroupHeartbeatResponse?>(new() { ErrorCode = ErrorCode.TopicAuthorizationFailed });
        unserved.Asked(UnservedFeature.ConsumerProtocol, context);
        return ValueTask.FromResult<ConsumerGroupHeartbeatResponse?>(
            new() { ErrorCode = ErrorCode.UnsupportedVersion, ErrorMessage = UnservedFeature.ConsumerProtocol.Message });
    }
}
