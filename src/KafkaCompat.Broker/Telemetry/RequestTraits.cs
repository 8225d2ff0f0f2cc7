using System.Globalization;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Telemetry;

/// <summary>What a request says of the client that sent it.</summary>
internal static class RequestTraits
{
    public static ClientTraits TraitsOf(this RequestContext context, Uuid instanceId) => new(
        instanceId.ToString(),
        context.ClientId ?? "",
        context.Connection.ClientSoftwareName ?? "unknown",
        context.Connection.ClientSoftwareVersion ?? "unknown",
        context.RemoteAddress.ToString(),
        context.Connection.RemotePort.ToString(CultureInfo.InvariantCulture));
}
