using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// PushTelemetry 0: a client's metrics as OTLP, which become metrics of this broker (<see cref="ClientMetricsMeter"/>). Refused: no instance id, or a push
/// after the last one (INVALID_REQUEST); too early (THROTTLING_QUOTA_EXCEEDED); a subscription that holds no more (UNKNOWN_SUBSCRIPTION_ID); an unknown
/// codec; more than telemetry.max.bytes (TELEMETRY_TOO_LARGE); bytes that are no metrics (INVALID_RECORD).
/// </summary>
[Serves(ApiKey.PushTelemetry, 0, 0)]
public sealed class PushTelemetryHandler(ClientTelemetry telemetry, IWorkThreads threads) : IHandler<PushTelemetryRequest, PushTelemetryResponse>
{
    public ValueTask<PushTelemetryResponse?> Handle(PushTelemetryRequest request, RequestContext context) =>
        // Ten megabytes may have to be decompressed and read: not on a thread that other connections wait for.
        context.AnswerOn<PushTelemetryResponse?>(threads, () => new PushTelemetryResponse { ErrorCode = telemetry.Push(request, context.TraitsOf) });
}
