using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// DescribeUserScramCredentials 0: the mechanisms and iterations of the users named, or of all. RESOURCE_NOT_FOUND for one who has none, DUPLICATE_RESOURCE for
/// one who is named twice. kafka-configs asks this with every description of a user.
/// </summary>
[Serves(ApiKey.DescribeUserScramCredentials, 0, 0, ApiListeners.Broker | ApiListeners.Controller)]
public sealed class DescribeUserScramCredentialsHandler(BrokerMetadata metadata)
    : IHandler<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse>
{
    public ValueTask<DescribeUserScramCredentialsResponse?> Handle(DescribeUserScramCredentialsRequest request, RequestContext context) =>
        ValueTask.FromResult<DescribeUserScramCredentialsResponse?>(context.Access.AllowsOnCluster(AclOperation.Describe)
            ? ScramUsers.Describe(metadata.Current, request)
            : request.Refused(context.ApiVersion, ErrorCode.ClusterAuthorizationFailed));
}
