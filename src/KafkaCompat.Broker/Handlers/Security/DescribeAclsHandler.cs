using KafkaCompat.Broker.Dispatch;
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
    public ValueTask<DescribeAclsResponse?> Handle(DescribeAclsRequest request, RequestContext context) =>
        AclElements.Answer(
            request, AclElements.AreNamed(request), AclOperation.Describe, context,
            static () => new DescribeAclsResponse { ErrorCode = ErrorCode.SecurityDisabled, ErrorMessage = "No Authorizer is configured on the broker" });
}
