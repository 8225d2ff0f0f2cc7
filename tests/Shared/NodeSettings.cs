using KafkaCompat.Broker.Configs;

namespace KafkaCompat.Tests.Shared;

/// <summary>The settings of a node in tests, in one place: one node that is broker and controller.</summary>
internal static class NodeSettings
{
    /// <summary>Takes a setting back that stands here.</summary>
    public const string KafkasDefault = "(Kafka's default)";

    /// <summary>Listeners on ports that the system chooses.</summary>
    public static (string Name, string Value) OnFreePorts(string host = "localhost") => ("listeners", $"PLAINTEXT://{host}:0,CONTROLLER://{host}:0");

    /// <summary>
    /// The configuration of a node with its data in a folder; of a setting that stands twice the last one counts. No record is too old here: those of tests
    /// bear a time years ago, and retention, which begins half a minute after the node, would take them from a slow test.
    /// </summary>
    public static ServerConfig Config(string folder, params IEnumerable<(string Name, string Value)> settings)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["process.roles"] = "broker,controller",
            ["node.id"] = "1",
            ["listeners"] = "PLAINTEXT://localhost:19092,CONTROLLER://localhost:19093",
            ["controller.listener.names"] = "CONTROLLER",
            ["controller.quorum.bootstrap.servers"] = "localhost:19093",
            ["log.dirs"] = folder,
            ["log.retention.ms"] = "-1",
        };
        foreach (var (name, value) in settings)
        {
            if (value == KafkasDefault) _ = all.Remove(name);
            else all[name] = value;
        }

        return ServerConfig.Create(all, "localhost");
    }
}
