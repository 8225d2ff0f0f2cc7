using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// ShareGroupHeartbeat 1: UNSUPPORTED_VERSION with a text, as Kafka answers where share groups are switched off. It is advertised although it is refused, so that the
/// log tells of who asked.
/// </summary>
[Serves(ApiKey.ShareGroupHeartbeat, 1, 1)]
public sealed class ShareGroupHeartbeatHandler(UnservedFeatures unserved) : IHandler<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>
{
    public ValueTask<ShareGroupHeartbeatResponse?> Handle(ShareGroupHeartbeatRequest request, RequestContext context)
    {
        unserved.Asked(UnservedFeature.ShareGroups, context);
        return ValueTask.FromResult<ShareGroupHeartbeatResponse?>(new() { ErrorCode = ErrorCode.UnsupportedVersion, ErrorMessage = UnservedFeature.ShareGroups.Message });
    }
}
