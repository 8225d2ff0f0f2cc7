using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// ApiVersions 0-5: what this listener serves, and from 3 on the cluster's features.
/// <list type="bullet">
/// <item>Only what is served is advertised, and client telemetry while somebody takes it; Produce reports minimum 0 as Kafka does, for a client library's
/// sake.</item>
/// <item>From 3 on the client names its software; a name or version of other characters than Kafka allows is INVALID_REQUEST.</item>
/// <item>Up to 3 a feature whose range starts at 0 is left out of the supported ones: such clients cannot read it.</item>
/// <item>From 5 on the client may name the cluster and node that it means to reach: INVALID_REQUEST for another node and, on a
/// broker's listener, REBOOTSTRAP_REQUIRED for another cluster; who asks a controller is answered whatever cluster it names.</item>
/// </list>
/// A version that is not served is answered by the connection itself, in version 0.
/// </summary>
[Serves(ApiKey.ApiVersions, 0, 5, ApiListeners.Broker | ApiListeners.Controller)]
public sealed class ApiVersionsHandler(BrokerMetadata metadata, Func<bool> isTelemetryAdvertised) : IHandler<ApiVersionsRequest, ApiVersionsResponse>
{
    public ValueTask<ApiVersionsResponse?> Handle(ApiVersionsRequest request, RequestContext context)
    {
        var error = Check(request, context);
        if (error != ErrorCode.None) return ValueTask.FromResult<ApiVersionsResponse?>(new ApiVersionsResponse { ErrorCode = error });
        if (context.ApiVersion >= 3)
        {
            context.Connection.ClientSoftwareName = request.ClientSoftwareName;
            context.Connection.ClientSoftwareVersion = request.ClientSoftwareVersion;
        }
        var response = new ApiVersionsResponse();
        var hasTelemetry = isTelemetryAdvertised();
        foreach (var api in context.Connection.Dispatch.Served)
        {
            if (api.Key is (ApiKey.GetTelemetrySubscriptions or ApiKey.PushTelemetry) && !hasTelemetry) continue;
            var min = api.Key == ApiKey.Produce ? (short)0 : api.MinVersion;
            response.ApiKeys.Add(new() { ApiKey = (short)api.Key, MinVersion = min, MaxVersion = api.MaxVersion });
        }
        metadata.FillFeatures(response, context.ApiVersion);
        return ValueTask.FromResult<ApiVersionsResponse?>(response);
    }

    private ErrorCode Check(ApiVersionsRequest request, RequestContext context)
    {
        var version = context.ApiVersion;
        if (version >= 3 && (!IsSoftwareName(request.ClientSoftwareName) || !IsSoftwareName(request.ClientSoftwareVersion))) return ErrorCode.InvalidRequest;
        if (version < 5) return ErrorCode.None;
        if (context.Connection.Dispatch.Listener != ApiListeners.Controller && request.ClusterId is not null && request.ClusterId != metadata.ClusterId)
            return ErrorCode.RebootstrapRequired;
        return request.NodeId >= 0 && request.NodeId != metadata.NodeId ? ErrorCode.InvalidRequest : ErrorCode.None;
    }

    /// <summary>Letters and digits, with dots and dashes between them: nothing that could break a log line or a metric's name.</summary>
    private static bool IsSoftwareName(string name)
    {
        if (name.Length == 0 || !char.IsAsciiLetterOrDigit(name[0]) || !char.IsAsciiLetterOrDigit(name[^1])) return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-')) return false;
        }
        return true;
    }
}
