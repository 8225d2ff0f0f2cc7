using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// The four coded elements of an access rule or of a filter for them: kinds of resource and pattern, operation, permission. Zero is Kafka's name for what
/// a client did not know itself; Apache Kafka closes the connection over it, and answers to any other code, known or not.
/// </summary>
internal static class AclElements
{
    private const sbyte Unknown = 0;

    public static bool AreNamed(DescribeAclsRequest filter) =>
        AreNamed(filter.ResourceTypeFilter, filter.PatternTypeFilter, filter.Operation, filter.PermissionType);

    public static bool AreNamed(CreateAclsRequest request)
    {
        foreach (var rule in request.Creations)
        {
            if (!AreNamed(rule.ResourceType, rule.ResourcePatternType, rule.Operation, rule.PermissionType)) return false;
        }

        return true;
    }

    public static bool AreNamed(DeleteAclsRequest request)
    {
        foreach (var filter in request.Filters)
        {
            if (!AreNamed(filter.ResourceTypeFilter, filter.PatternTypeFilter, filter.Operation, filter.PermissionType)) return false;
        }

        return true;
    }

    /// <summary>
    /// The answer to a request about access rules: none and a closed connection where an element is not named, a refusal where <paramref name="operation"/> on
    /// the cluster is not allowed, else what the handler says.
    /// </summary>
    public static ValueTask<TResponse?> Answer<TResponse>(
        IRequestFor<TResponse> request, bool areNamed, AclOperation operation, RequestContext context, Func<TResponse> answer)
        where TResponse : class, IResponse
    {
        if (!areNamed)
        {
            context.CloseConnection();
            return ValueTask.FromResult<TResponse?>(null);
        }

        return ValueTask.FromResult<TResponse?>(context.Access.AllowsOnCluster(operation)
            ? answer()
            : request.Refused(context.ApiVersion, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(operation)));
    }

    private static bool AreNamed(sbyte resource, sbyte pattern, sbyte operation, sbyte permission) =>
        resource != Unknown && pattern != Unknown && operation != Unknown && permission != Unknown;
}
