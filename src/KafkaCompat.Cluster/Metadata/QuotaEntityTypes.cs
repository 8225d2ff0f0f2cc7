namespace KafkaCompat.Cluster.Metadata;

/// <summary>What a part of a <see cref="QuotaEntity"/> can name.</summary>
public static class QuotaEntityTypes
{
    public const string User = "user";

    public const string ClientId = "client-id";

    public const string Ip = "ip";

    public static bool IsKnown(string type) => type is User or ClientId or Ip;
}
