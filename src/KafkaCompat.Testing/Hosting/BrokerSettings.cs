using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Testing.Hosting;

/// <summary>The settings of a broker in a test.</summary>
internal static class BrokerSettings
{
    /// <summary>How long an operation on a broker waits for it.</summary>
    public const int RequestTimeoutMs = 30_000;

    /// <summary>What makes tests short; nothing here changes what a client may rely on.</summary>
    private static readonly KeyValuePair<string, string>[] ForTests =
    [
        new(ConfigKeys.ProcessRoles, "broker,controller"),
        new(ConfigKeys.NodeId, "1"),
        new(ConfigKeys.ControllerListenerNames, "CONTROLLER"),
        new(ConfigKeys.ControllerQuorumBootstrapServers, "127.0.0.1:9093"),

        // Three seconds in which a new group waits for more members.
        new(ConfigKeys.GroupInitialRebalanceDelayMs, "0"),

        // Fifty logs, made by the first group of each broker.
        new(ConfigKeys.OffsetsTopicNumPartitions, "1"),
        new(ConfigKeys.TransactionStateLogNumPartitions, "1"),
        new(ConfigKeys.ShareCoordinatorStateTopicNumPartitions, "1"),

        // librdkafka's clients print a line for each start where telemetry is advertised and nobody subscribes.
        new("kafkacompat.client.telemetry", "off"),

        // What deleted topics held is given back with the next sweep, not a minute later.
        new(ConfigKeys.LogSegmentDeleteDelayMs, "0"),
    ];

    /// <summary>What the broker in a test decides itself, by <see cref="KafkaCompatBrokerOptions"/>' other members.</summary>
    private static readonly string[] Decided =
        [ConfigKeys.LogDirs, ConfigKeys.LogDir, ConfigKeys.MetadataLogDir, ConfigKeys.Listeners, ConfigKeys.ProcessRoles];

    /// <exception cref="ConfigurationException">A setting is wrong, or not for the test to set.</exception>
    public static ServerConfig Of(KafkaCompatBrokerOptions options, string path, int port, int controllerPort)
    {
        if (Array.Find(Decided, options.Settings.ContainsKey) is { } name)
        {
            throw new ConfigurationException(
                $"{name} is not set by Settings: a broker in a test has its own ports, and its files are where Storage and DataDirectory say.");
        }

        List<KeyValuePair<string, string>> settings =
        [
            .. ForTests,
            new(ConfigKeys.Listeners, string.Create(CultureInfo.InvariantCulture, $"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}")),
            new(ConfigKeys.LogDirs, path),
            new(ConfigKeys.AutoCreateTopicsEnable, options.AutoCreateTopics ? "true" : "false"),
            new(ConfigKeys.NumPartitions, options.DefaultPartitions.ToString(CultureInfo.InvariantCulture)),
            .. options.Settings,
        ];
        return ServerConfig.Create(settings, "localhost");
    }
}
