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

    /// <summary>Kafka's own assignors of each protocol. They can be named by their classes too; others would be Java classes to load.</summary>
    private static readonly (string Setting, string[] Names)[] Assignors =
        [(ConfigKeys.GroupConsumerAssignors, ["uniform", "range"]), (ConfigKeys.GroupShareAssignors, ["simple"]),
            (ConfigKeys.GroupStreamsAssignors, ["sticky"])];

    /// <summary>The names of the node's bounds for a group's setting; null where there is none.</summary>
    public static (string? Least, string? Most) Of(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var (protocol, setting) = (name[..dot], name[(dot + 1)..]);
        // A number of replicas is bounded under a shorter name.
        var bounded = setting.StartsWith("num.", StringComparison.Ordinal) ? setting["num.".Length..] : setting;
        return (Known($"group.{protocol}.min.{bounded}"), Known($"group.{protocol}.max.{bounded}"));
    }

    /// <summary>Adds a problem for each pair of the node's own settings that cannot hold together.</summary>
    public static void Check(ServerConfig config, SettingProblems problems)
    {
        foreach (var key in ConfigCatalog.Group)
        {
            if (Known($"group.{key.Name}") is not { } name) continue;
            var (least, most) = Of(key.Name);
            if (least is not null && most is not null) AtLeast(most, least);
            if (least is not null) AtLeast(name, least);
            if (most is not null) _ = problems.Require(config.GetInt(name) <= config.GetInt(most), $"{name} must be less than or equal to {most}", name, most);
        }
        foreach (var protocol in Protocols)
        {
            var (heartbeat, session) = ($"group.{protocol}.heartbeat.interval.ms", $"group.{protocol}.session.timeout.ms");
            _ = problems.Require(config.GetInt(heartbeat) < config.GetInt(session), $"{heartbeat} must be less than {session}", heartbeat, session);
        }
        AtLeast(ConfigKeys.GroupShareMaxShareSessions, ConfigKeys.GroupShareMaxSize);
        CheckLists(config, problems);

        void AtLeast(string larger, string smaller) =>
            _ = problems.Require(config.GetInt(larger) >= config.GetInt(smaller), $"{larger} must be greater than or equal to {smaller}", larger, smaller);
    }

    /// <summary>What only Kafka's own classes know of the lists of a protocol.</summary>
    private static void CheckLists(ServerConfig config, SettingProblems problems)
    {
        const string Rebalance = ConfigKeys.GroupCoordinatorRebalanceProtocols;
        const string Tags = ConfigKeys.GroupStreamsRackAwareAssignmentTags;
        _ = problems.Require(config.GetList(Rebalance).Contains("classic"), $"{Rebalance} must contain classic: Kafka does not support disabling it.",
            Rebalance);
        var given = config.IsSet(Tags) ? JavaText.List(config.GetText(Tags)!) : [];
        _ = problems.Require(given.Distinct(StringComparer.Ordinal).Count() == given.Count, $"{Tags} must not contain duplicate tag keys.", Tags);
        foreach (var (setting, known) in Assignors)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var entry in config.GetList(setting))
            {
                var name = Array.Find(known, name => name == entry || ClassOf(name) == entry);
                var isNew = name is null || names.Add(name);
                _ = problems.Require(
                    name is not null && isNew,
                    $"Invalid value {entry} for configuration {setting}: {(isNew ? "No such assignor" : "It is named twice")}. There are "
                    + $"{string.Join(", ", known)}.", setting);
            }
        }
    }

    private static string ClassOf(string assignor) =>
        $"org.apache.kafka.coordinator.group.assignor.{char.ToUpperInvariant(assignor[0])}{assignor[1..]}Assignor";

    private static string? Known(string name) => ConfigCatalog.FindBroker(name) is { Type: ConfigType.Int } ? name : null;
}
