using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>
/// The quotas that DescribeClientQuotas asks for, refused in Kafka's words. A component asks for a name, for the default of a type, or for any of either; a
/// strict filter wants entities with no parts besides those it names.
/// </summary>
public static class QuotaFilter
{
    private const sbyte Exact = 0;
    private const sbyte Default = 1;
    private const sbyte Any = 2;

    public static DescribeClientQuotasResponse Describe(MetadataImage image, DescribeClientQuotasRequest request)
    {
        var components = new Dictionary<string, DescribeClientQuotasRequest.ComponentData>(StringComparer.Ordinal);
        foreach (var component in request.Components)
        {
            if (Problem(component, components) is { } problem)
            {
                return new DescribeClientQuotasResponse { ErrorCode = problem.Error, ErrorMessage = problem.Message, Entries = null };
            }

            components.Add(component.EntityType, component);
        }

        if (components.ContainsKey(QuotaEntityTypes.Ip) && components.Count > 1)
        {
            return new DescribeClientQuotasResponse
            {
                ErrorCode = ErrorCode.InvalidRequest,
                ErrorMessage = "Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.",
                Entries = null,
            };
        }

        return new DescribeClientQuotasResponse
        {
            // Not null: Kafka sends an empty text.
            ErrorMessage = "",
            Entries =
            [
                .. image.ClientQuotas.Keys.InOrder().Where(entity => Matches(entity, components, request.Strict)).Select(entity =>
                new DescribeClientQuotasResponse.EntryData
                {
                    Entity = [.. entity.Parts.Select(part => new DescribeClientQuotasResponse.EntityData { EntityType = part.Key, EntityName = part.Value })],
                    Values = [.. image.ClientQuotas[entity].Select(
                        value => new DescribeClientQuotasResponse.ValueData { Key = value.Key, Value = value.Value })],
                }),
            ],
        };
    }

    private static (ErrorCode Error, string Message)? Problem(
        DescribeClientQuotasRequest.ComponentData component, Dictionary<string, DescribeClientQuotasRequest.ComponentData> before)
    {
        var invalid =
            component.EntityType.Length == 0 ? "Invalid empty entity type."
            : before.ContainsKey(component.EntityType) ? $"Entity type {component.EntityType} cannot appear more than once in the filter."
            : null;
        if (invalid is null && !QuotaEntityTypes.IsKnown(component.EntityType))
        {
            return (ErrorCode.UnsupportedVersion, $"Unsupported entity type {component.EntityType}");
        }

        invalid ??= component.MatchType switch
        {
            Exact => component.Match is null ? "Request specified MATCH_TYPE_EXACT, but set match string to null." : null,
            Default => component.Match is null ? null : "Request specified MATCH_TYPE_DEFAULT, but also specified a match string.",
            Any => component.Match is null ? null : "Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.",
            var other => $"Unknown match type {other}",
        };
        return invalid is null ? null : (ErrorCode.InvalidRequest, invalid);
    }

    private static bool Matches(QuotaEntity entity, Dictionary<string, DescribeClientQuotasRequest.ComponentData> components, bool isStrict)
    {
        if (isStrict && entity.Parts.Length != components.Count)
        {
            return false;
        }

        var matched = 0;
        foreach (var (type, name) in entity.Parts)
        {
            if (!components.TryGetValue(type, out var component))
            {
                continue;
            }

            if (component.MatchType != Any && name != component.Match)
            {
                return false;
            }

            matched++;
        }

        return matched == components.Count;
    }
}
