using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// DescribeClientQuotas 0-1: the quotas whose entity matches what is asked of users, client ids and addresses, by name, default or any of either; a strict
/// filter wants no other parts. UNSUPPORTED_VERSION for a type of entity that there is not. Version 1 is the flexible one, no more.
/// </summary>
[Serves(ApiKey.DescribeClientQuotas, 0, 1)]
public sealed class DescribeClientQuotasHandler(BrokerMetadata metadata) : IHandler<DescribeClientQuotasRequest, DescribeClientQuotasResponse>
{
    public ValueTask<DescribeClientQuotasResponse?> Handle(DescribeClientQuotasRequest request, RequestContext context) =>
        ValueTask.FromResult<DescribeClientQuotasResponse?>(context.Access.AllowsOnCluster(AclOperation.DescribeConfigs)
            ? QuotaFilter.Describe(metadata.Current, request)
            : new() { ErrorCode = ErrorCode.ClusterAuthorizationFailed, Entries = null });
}
