using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Which names may stand in <c>server.properties</c>. Apache Kafka warns about a name that it does not know and starts; we refuse to start, because
/// a misspelt setting is a setting that is not in force. Names that Kafka hands to its plug-ins are no mistakes and pass.
/// </summary>
public static class KnownSettings
{
    /// <summary>Settings of the standard authorizer, which reads them itself.</summary>
    private static readonly string[] PluginNames = ["super.users", "allow.everyone.if.no.acl.found"];

    /// <summary>A listener's own settings, and the prefixes that plug-ins of Kafka read their settings under.</summary>
    private static readonly string[] PluginPrefixes =
    [
        "listener.name.", "config.providers.", "rsm.config.", "rlmm.config.", "client.quota.callback.", "kafka.metrics.", "metrics.reporter.", "confluent.",
    ];

    /// <summary>True for a setting of the catalogue, and for what a plug-in may read.</summary>
    public static bool Contains(string name) =>
        ConfigCatalog.FindBroker(name) is not null
        || OwnSettings.Find(name) is not null
        || Array.IndexOf(PluginNames, name) >= 0
        || Array.Exists(PluginPrefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal))
        || IsDynamicOnly(name);

    /// <summary>The known name that is nearest to <paramref name="name"/>, for the message about an unknown one.</summary>
    public static string? Nearest(string name)
    {
        var (best, distance) = ((string?)null, Math.Max(2, name.Length / 5) + 1);
        foreach (var key in ConfigCatalog.Broker)
        {
            if (Math.Abs(key.Name.Length - name.Length) < distance && Distance(name, key.Name) is var found && found < distance)
            {
                (best, distance) = (key.Name, found);
            }
        }

        return best;
    }

    /// <summary>A setting that Kafka can change for one broker while it runs, and this program takes from <c>server.properties</c> alone: listeners and TLS.</summary>
    internal static bool IsFromFileAlone(string name) => name != "cordoned.log.dirs" && ConfigCatalog.FindBroker(name)?.Dynamic == ConfigDynamic.PerBroker;

    /// <summary>A setting that Kafka takes from the metadata alone: the rates of replication's throttles.</summary>
    internal static bool IsDynamicOnly(string name)
    {
        foreach (var key in ConfigCatalog.Of(ConfigScope.BrokerDynamicOnly))
        {
            if (key.Name == name)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Characters to insert, drop or change to come from one word to the other.</summary>
    private static int Distance(string from, string to)
    {
        var row = new int[to.Length + 1];
        for (var j = 0; j <= to.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (from[i - 1] == to[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[to.Length];
    }
}
