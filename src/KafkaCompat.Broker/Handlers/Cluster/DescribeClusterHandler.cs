using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// DescribeCluster 0-2: the brokers behind the listener of the request.
/// <list type="bullet">
/// <item>From 1 on the client says whether it means brokers (1) or controllers (2); a broker's listener answers for brokers
/// only and a controller's for controllers, MISMATCHED_ENDPOINT_TYPE else.</item>
/// <item>From 2 on fenced brokers are listed on request.</item>
/// <item>A controller's listener answers only to who may alter the cluster.</item>
/// </list>
/// </summary>
[Serves(ApiKey.DescribeCluster, 0, 2, ApiListeners.Broker | ApiListeners.Controller)]
public sealed class DescribeClusterHandler(BrokerMetadata metadata) : IHandler<DescribeClusterRequest, DescribeClusterResponse>
{
    private const sbyte Brokers = 1;
    private const sbyte Controllers = 2;

    public ValueTask<DescribeClusterResponse?> Handle(DescribeClusterRequest request, RequestContext context)
    {
        var isController = context.Connection.Dispatch.Listener == ApiListeners.Controller;
        if (isController && !context.Access.AllowsOnCluster(AclOperation.Alter))
        {
            var refusal = request.Refused(context.ApiVersion, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Alter));
            return ValueTask.FromResult<DescribeClusterResponse?>(refusal);
        }
        var response = new DescribeClusterResponse();
        if (request.EndpointType != (isController ? Controllers : Brokers))
        {
            var isKnown = request.EndpointType is Brokers or Controllers;
            response.ErrorCode = isKnown ? ErrorCode.MismatchedEndpointType : ErrorCode.UnsupportedEndpointType;
            response.ErrorMessage = isKnown
                ? $"The request was sent to an endpoint of type {NameOf(isController)}, but we wanted an endpoint of type {NameOf(!isController)}"
                : $"Unsupported endpoint type {request.EndpointType}";
            return ValueTask.FromResult<DescribeClusterResponse?>(response);
        }
        response.EndpointType = request.EndpointType;
        response.ClusterId = metadata.ClusterId;
        response.ControllerId = metadata.ControllerId;
        var endpoints = isController
            ? BrokerMetadata.ControllerEndpoints(metadata.Current, context.ListenerName)
            : BrokerMetadata.Endpoints(metadata.Current, context.ListenerName, request.IncludeFencedBrokers);
        foreach (var broker in endpoints)
            response.Brokers.Add(new() { BrokerId = broker.NodeId, Host = broker.Host, Port = broker.Port, Rack = broker.Rack, IsFenced = broker.IsFenced });
        if (request.IncludeClusterAuthorizedOperations) response.ClusterAuthorizedOperations = context.Access.OperationsOnCluster();
        return ValueTask.FromResult<DescribeClusterResponse?>(response);
    }

    private static string NameOf(bool controller) => controller ? "CONTROLLER" : "BROKER";
}
