using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// Alterations of quotas, an entity at a time with Kafka's errors in Kafka's words: all that is asked of an entity is done or none of it. Of an entity that
/// comes twice in a request the first mention counts, and the one answer that it gets is a refusal all the same; one with a key that comes twice is refused. A
/// part of an entity that comes twice counts as it came last.
/// </summary>
/// <param name="image">What holds.</param>
/// <param name="unknownHosts">Names of addresses that nobody can find; the controller does not look for hosts itself.</param>
internal sealed class QuotaDecisions(MetadataImage image, IReadOnlySet<string> unknownHosts)
{
    /// <summary>A fraction that a whole number may seem to have.</summary>
    private const double Rounding = 1e-6;

    /// <summary>How large the value of each key may be.</summary>
    private static readonly Dictionary<string, (string Type, double Max)> ClientKeys = new(StringComparer.Ordinal)
    {
        [QuotaKeys.ProducerByteRate] = ("a LONG", long.MaxValue),
        [QuotaKeys.ConsumerByteRate] = ("a LONG", long.MaxValue),
        [QuotaKeys.RequestPercentage] = ("a DOUBLE", double.PositiveInfinity),
        [QuotaKeys.ControllerMutationRate] = ("a DOUBLE", double.PositiveInfinity),
    };

    private static readonly Dictionary<string, (string Type, double Max)> IpKeys = new(StringComparer.Ordinal)
    {
        [QuotaKeys.ConnectionCreationRate] = ("an INT", int.MaxValue),
    };

    public Decision<AlterClientQuotasResponse> Alter(AlterClientQuotasRequest request)
    {
        var records = new List<VersionedRecord>();
        var problems = new Dictionary<QuotaEntity, string?>();
        foreach (var entry in request.Entries)
        {
            var entity = new QuotaEntity(entry.Entity.GroupBy(part => part.EntityType, StringComparer.Ordinal)
                .Select(part => KeyValuePair.Create(part.Key, part.Last().EntityName)));
            var isRepeated = problems.ContainsKey(entity) || entry.Ops.DistinctBy(change => change.Key).Count() < entry.Ops.Count;
            problems[entity] = isRepeated ? $"Ignoring duplicate entity ClientQuotaEntity(entries={Text(entity)})" : Alter(entity, entry.Ops, records);
        }

        var response = new AlterClientQuotasResponse
        {
            Entries =
            [
                .. problems.Select(problem => new AlterClientQuotasResponse.EntryData
                {
                    ErrorCode = problem.Value is null ? ErrorCode.None : ErrorCode.InvalidRequest,
                    ErrorMessage = problem.Value,
                    Entity = [.. problem.Key.Parts.Select(part => new AlterClientQuotasResponse.EntityData { EntityType = part.Key, EntityName = part.Value })],
                }),
            ],
        };
        return new(request.ValidateOnly ? [] : records, response);
    }

    /// <summary>An entity as Java writes a map.</summary>
    private static string Text(QuotaEntity entity) => $"{{{string.Join(", ", entity.Parts.Select(part => $"{part.Key}={part.Value ?? "null"}"))}}}";

    private string? Alter(QuotaEntity entity, List<AlterClientQuotasRequest.OpData> changes, List<VersionedRecord> records)
    {
        if (EntityProblem(entity, out var keys) is { } problem)
        {
            return problem;
        }

        var before = image.ClientQuotas.GetValueOrDefault(entity) ?? ImmutableSortedDictionary<string, double>.Empty;
        var made = new List<VersionedRecord>();
        foreach (var change in changes)
        {
            if (change.Remove)
            {
                if (before.ContainsKey(change.Key))
                {
                    made.Add(new(entity.ToRemoval(change.Key), 0));
                }

                continue;
            }

            if (ValueProblem(keys, change.Key, change.Value) is { } bad)
            {
                return bad;
            }

            if (!before.TryGetValue(change.Key, out var value) || value != change.Value)
            {
                made.Add(new(entity.ToRecord(change.Key, change.Value), 0));
            }
        }

        records.AddRange(made);
        return null;
    }

    private string? EntityProblem(QuotaEntity entity, out Dictionary<string, (string Type, double Max)> keys)
    {
        keys = ClientKeys;
        if (entity.Parts.IsEmpty)
        {
            return "Invalid empty client quota entity";
        }

        foreach (var (type, name) in entity.Parts)
        {
            if (!QuotaEntityTypes.IsKnown(type))
            {
                return $"Unhandled client quota entity type: {type}";
            }

            if (name is "")
            {
                return $"Empty {type} not supported";
            }
        }

        if (entity.Parts.All(part => part.Key != QuotaEntityTypes.Ip))
        {
            return null;
        }

        keys = IpKeys;
        return entity.Parts.Length > 1 ? "Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId"
            : entity.Parts[0].Value is { } host && unknownHosts.Contains(host) ? $"{host} is not a valid IP or resolvable host."
            : null;
    }

    private static string? ValueProblem(Dictionary<string, (string Type, double Max)> keys, string key, double value) =>
        !keys.TryGetValue(key, out var rule) ? $"Invalid configuration key {key}"
        : !double.IsFinite(value) ? $"Quota {key} must be a finite number"
        : value <= 0 ? $"Quota {key} must be greater than 0"
        : value > rule.Max ? $"Proposed value for {key} is too large for {rule.Type}."
        : !double.IsPositiveInfinity(rule.Max) && value % 1 > Rounding ? $"{key} cannot be a fractional value."
        : null;
}
