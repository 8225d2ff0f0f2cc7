using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// GetTelemetrySubscriptions 0: which metrics a client is to push, how often and how compressed. A client without an instance id is given one. One that
/// asks again before its interval is over gets THROTTLING_QUOTA_EXCEEDED. Advertised always, because what is pushed is always exported.
/// </summary>
[Serves(ApiKey.GetTelemetrySubscriptions, 0, 0)]
public sealed class GetTelemetrySubscriptionsHandler(ClientTelemetry telemetry) : IHandler<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>
{
    public ValueTask<GetTelemetrySubscriptionsResponse?> Handle(GetTelemetrySubscriptionsRequest request, RequestContext context) =>
        ValueTask.FromResult<GetTelemetrySubscriptionsResponse?>(telemetry.Get(request, context.TraitsOf));
}
