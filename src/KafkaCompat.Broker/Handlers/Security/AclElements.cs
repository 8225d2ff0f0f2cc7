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

    private static bool AreNamed(sbyte resource, sbyte pattern, sbyte operation, sbyte permission) =>
        resource != Unknown && pattern != Unknown && operation != Unknown && permission != Unknown;
}
