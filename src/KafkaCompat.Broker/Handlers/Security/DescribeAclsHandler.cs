using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// DescribeAcls 1-3: SECURITY_DISABLED, as Apache Kafka answers without an authorizer, which is a setting that is refused here. A filter with an
/// element of code 0 is none (<see cref="AclElements"/>): the connection is closed.
/// </summary>
[Serves(ApiKey.DescribeAcls, 1, 3, ApiListeners.Broker | ApiListeners.Controller)]
public sealed class DescribeAclsHandler : IHandler<DescribeAclsRequest, DescribeAclsResponse>
{
    public ValueTask<DescribeAclsResponse?> Handle(DescribeAclsRequest request, RequestContext context)
    {
        if (AclElements.AreNamed(request))
        {
            return ValueTask.FromResult<DescribeAclsResponse?>(context.Access.AllowsOnCluster(AclOperation.Describe)
                ? new() { ErrorCode = ErrorCode.SecurityDisabled, ErrorMessage = "No Authorizer is configured on the broker" }
                : request.Refused(context.ApiVersion, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Describe)));
        }
        context.CloseConnection();
        return ValueTask.FromResult<DescribeAclsResponse?>(null);
    }
}
