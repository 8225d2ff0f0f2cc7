using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// What the node allows a group to set. A group's <c>consumer.session.timeout.ms</c> is bounded by <c>group.consumer.min.session.timeout.ms</c> and
/// <c>group.consumer.max.session.timeout.ms</c>, and is <c>group.consumer.session.timeout.ms</c> where the group has none; so for every setting and protocol.
/// </summary>
internal static class GroupBounds
{
    /// <summary>The protocols that a group's settings belong to.</summary>
    public static readonly string[] Protocols = ["consumer", "share", "streams"];

    /// <summary>The names of the node's bounds for a group's setting; null where there is none.</summary>
    public static (string? Least, string? Most) Of(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var (protocol, setting) = (name[..dot], name[(dot + 1)..]);
        // A number of replicas is bounded under a shorter name.
        var bounded = setting.StartsWith("num.", StringComparison.Ordinal) ? setting["num.".Length..] : setting;
        return (Known($"group.{protocol}.min.{bounded}"), Known($"group.{protocol}.max.{bounded}"));
    }

    /// <summary>What of the node's own settings cannot hold together; null where all can.</summary>
    public static string? Contradiction(ServerConfig config)
    {
        foreach (var key in ConfigCatalog.Group)
        {
            if (Known($"group.{key.Name}") is not { } name) continue;
            var (least, most) = Of(key.Name);
            if (least is not null && most is not null && config.GetInt(most) < config.GetInt(least)) return $"{most} must be greater than or equal to {least}";
            if (least is not null && config.GetInt(name) < config.GetInt(least)) return $"{name} must be greater than or equal to {least}";
            if (most is not null && config.GetInt(name) > config.GetInt(most)) return $"{name} must be less than or equal to {most}";
        }
        foreach (var protocol in Protocols)
        {
            var (heartbeat, session) = ($"group.{protocol}.heartbeat.interval.ms", $"group.{protocol}.session.timeout.ms");
            if (config.GetInt(heartbeat) >= config.GetInt(session)) return $"{heartbeat} must be less than {session}";
        }
        return null;
    }

    private static string? Known(string name) => ConfigCatalog.FindBroker(name) is { Type: ConfigType.Int } ? name : null;
}
