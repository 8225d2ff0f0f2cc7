using System.Collections.Immutable;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>Whom a quota binds: parts of a type (user, client-id, ip) and a name, where null is the default of that type. In the order of types.</summary>
public sealed class QuotaEntity : IEquatable<QuotaEntity>
{
    public QuotaEntity(IEnumerable<KeyValuePair<string, string?>> parts) => Parts = [.. parts.OrderBy(p => p.Key, StringComparer.Ordinal)];

    public ImmutableArray<KeyValuePair<string, string?>> Parts { get; }

    public static QuotaEntity From(ClientQuotaRecord record) => new(record.Entity.Select(e => KeyValuePair.Create(e.EntityType, e.EntityName)));

    public ClientQuotaRecord ToRecord(string key, double value) => new()
    {
        Entity = [.. Parts.Select(p => new ClientQuotaRecord.EntityData { EntityType = p.Key, EntityName = p.Value })],
        Key = key,
        Value = value,
    };

    public ClientQuotaRecord ToRemoval(string key)
    {
        var record = ToRecord(key, 0);
        record.Remove = true;
        return record;
    }

    public bool Equals(QuotaEntity? other) => other is not null && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as QuotaEntity);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var part in Parts)
        {
            hash.Add(part.Key);
            hash.Add(part.Value);
        }

        return hash.ToHashCode();
    }
}
