using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// StreamsGroupHeartbeat 0-1: UNSUPPORTED_VERSION with a text, as Kafka answers where the streams protocol is switched off. It is advertised although it is
/// refused, so that the log names who asked.
/// </summary>
[Serves(ApiKey.StreamsGroupHeartbeat, 0, 1)]
public sealed class StreamsGroupHeartbeatHandler(UnservedFeatures unserved) : IHandler<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse>
{
    public ValueTask<StreamsGroupHeartbeatResponse?> Handle(StreamsGroupHeartbeatRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnGroup(AclOperation.Read, request.GroupId))
            return ValueTask.FromResult<StreamsGroupHeartbeatResponse?>(new() { ErrorCode = ErrorCode.GroupAuthorizationFailed });
        if (!TopicsOf(request.Topology).All(topic => context.Access.AllowsOnTopic(AclOperation.Describe, topic)))
            return ValueTask.FromResult<StreamsGroupHeartbeatResponse?>(new() { ErrorCode = ErrorCode.TopicAuthorizationFailed });
        unserved.Asked(UnservedFeature.StreamsProtocol, context);
        return ValueTask.FromResult<StreamsGroupHeartbeatResponse?>(
            new() { ErrorCode = ErrorCode.UnsupportedVersion, ErrorMessage = UnservedFeature.StreamsProtocol.Message });
    }

    private static IEnumerable<string> TopicsOf(StreamsGroupHeartbeatRequest.TopologyData? topology) => topology is null
        ? []
        : topology.Subtopologies.SelectMany(static part => part.SourceTopics
            .Concat(part.RepartitionSinkTopics)
            .Concat(part.RepartitionSourceTopics.Select(static topic => topic.Name))
            .Concat(part.StateChangelogTopics.Select(static topic => topic.Name))).Distinct();
}
