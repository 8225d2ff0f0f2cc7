using System.Text;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Broker.Telemetry;

/// <summary>
/// What a client is asked to push: the metrics of all subscriptions that match it, at the shortest of their intervals. The id changes with what is asked,
/// and differs between clients.
/// </summary>
internal sealed record ClientSubscription(int Id, int IntervalMs, IReadOnlyList<string> Metrics)
{
    private const string All = "*";

    /// <summary>What the subscriptions of <paramref name="image"/> ask of a client.</summary>
    public static ClientSubscription Of(MetadataImage image, ClientTraits client)
    {
        var metrics = new SortedSet<string>(StringComparer.Ordinal);
        int? interval = null;
        foreach (var (resource, configs) in image.Configs)
        {
            if (resource.Type != ConfigResourceType.ClientMetrics) continue;
            if (ClientMatch.Parse(ListOf(configs, ClientMatch.Setting), out _) is not { } match || !match.Matches(client)) continue;
            metrics.UnionWith(ListOf(configs, "metrics"));
            interval = Math.Min(interval ?? int.MaxValue, (int)ValueOf(configs, ConfigKeys.IntervalMs)!);
        }
        var pushMs = interval ?? (int)ValueOf(MetadataImage.Empty.ConfigsOf(default), ConfigKeys.IntervalMs)!;
        IReadOnlyList<string> asked = metrics.Contains(All) ? [All] : [.. metrics];
        var text = Encoding.UTF8.GetBytes($"{string.Join(',', asked)} {pushMs} {client.InstanceId}");
        return new ClientSubscription((int)Crc32C.Compute(text), pushMs, asked);
    }

    private static List<string> ListOf(IReadOnlyDictionary<string, string> configs, string name) => (List<string>)ValueOf(configs, name)!;

    private static object? ValueOf(IReadOnlyDictionary<string, string> configs, string name)
    {
        var key = ConfigCatalog.Find(ConfigScope.ClientMetrics, name)!;
        return key.TryParse(configs.GetValueOrDefault(name) ?? key.Default, out var value, out _) || key.TryParse(key.Default, out value, out _) ? value : null;
    }
}
