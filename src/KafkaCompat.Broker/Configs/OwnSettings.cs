using KafkaCompat.Broker.Logging;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>A setting that Apache Kafka does not have.</summary>
public interface IOwnSetting
{
    /// <summary>Starts with <c>kafkacompat.</c>, so that it never meets a setting of Kafka.</summary>
    string Name { get; }

    /// <summary>What it does, for people.</summary>
    string Documentation { get; }
}

/// <summary>One of our own settings and how its text is read.</summary>
/// <param name="Name">Starts with <c>kafkacompat.</c>.</param>
/// <param name="Default">Holds where it is not given.</param>
/// <param name="Documentation">What it does, for people.</param>
/// <param name="TryParse">The value of a text, or every reason for which it has none.</param>
public sealed record OwnSetting<T>(string Name, T Default, string Documentation, Func<string, (T Value, IReadOnlyList<string>? Problems)> TryParse)
    : IOwnSetting
{
    /// <summary>Its value, or its default where <paramref name="text"/> is null.</summary>
    /// <exception cref="ConfigurationException">The text is no value of it. It has a problem for each reason.</exception>
    public T Parse(string? text)
    {
        if (text is null)
        {
            return Default;
        }

        var (value, problems) = TryParse(text);
        return problems is null
            ? value
            : throw new ConfigurationException(
            [.. problems.Select(problem =>
            new SettingProblem($"Invalid {(text.Length == 0 ? "empty value" : $"value {text}")} for configuration {Name}: {problem}", [Name]))]);
    }
}

/// <summary>The settings that Apache Kafka does not have. They are read from the same places as Kafka's.</summary>
public static class OwnSettings
{
    /// <summary>How much of what was appended last stays in memory before its pages are given back; 0 leaves all of it to the system.</summary>
    public static OwnSetting<long> WriteBehindBytes { get; } = new(
        "kafkacompat.log.write.behind.bytes",
        0,
        "Appended bytes go to the disk at once, and pages further behind than this are given back to the system, which makes appending up to 2.7 times cheaper "
        + "on virtual machines whose free memory is not backed. Readers further behind read from the disk. 0: off.",
        static text => JavaText.Number(JavaText.Trim(text), 0) is { } bytes ? (bytes, null) : (0, ["Not a number of bytes from 0 on"]));

    /// <summary>The cluster id with which empty directories are formatted; null for a new one. A formatted directory keeps its own.</summary>
    public static OwnSetting<string?> ClusterId { get; } = new(
        "kafkacompat.cluster.id",
        null,
        "The cluster id with which empty directories are formatted. Without it they get a new one. A formatted directory keeps its own. CLUSTER_ID in the "
            + "environment "
        + "says the same, as for Kafka's container image.",
        // Kafka's own format takes any text: only what cannot be read back from meta.properties is none.
        static text =>
            JavaText.Trim(text) is { Length: > 0 } id
            ? (id, null)
            : (null, ["It is empty; kafka-storage random-uuid makes an id. Without the setting this node makes one"]));

    /// <summary>Text or JSON.</summary>
    public static OwnSetting<LogFormat> LogFormat { get; } = new(
        "kafkacompat.log.format",
        Logging.LogFormat.Text,
        "How the log is written to stderr: text, a line for people, or json, an object on each line with time, level, logger, event and message.",
        static text => text.Trim().ToLowerInvariant() switch
        {
            "text" => (Logging.LogFormat.Text, null),
            "json" => (Logging.LogFormat.Json, null),
            _ => (default, ["Neither text nor json"]),
        });

    /// <summary>Where metrics and health are served over HTTP; null for nowhere.</summary>
    public static OwnSetting<ListenerEndpoint?> HttpListener { get; } = new(
        "kafkacompat.http.listener",
        new ListenerEndpoint(HttpListenerName, "127.0.0.1", 9464, HttpListenerName),
        "Where /metrics, /health/live and /health/ready are served: host:port, with port 0 for one that the system chooses, no host for every interface, or "
            + "none. Where its "
        + "default is taken by another program the node starts without it; one that was set has to be free.",
        static text => text.Trim().Equals("none", StringComparison.OrdinalIgnoreCase)
            ? (null, null)
            : !text.Contains('/', StringComparison.Ordinal)
            && ListenerEndpoint.TryParse($"{HttpListenerName}://{text.Trim()}", out _, out var host, out var port)
                && new ListenerEndpoint(HttpListenerName, host, port, HttpListenerName) is { CanBeBound: true } endpoint
                ? (endpoint, null)
                : (null, ["Neither host:port nor none"]));

    /// <summary>Whether it is advertised to clients that they can push their metrics (KIP-714).</summary>
    public static OwnSetting<TelemetryAdvertising> ClientTelemetry { get; } = new(
        "kafkacompat.client.telemetry",
        TelemetryAdvertising.Subscribed,
        "When it is advertised to clients that they can push their metrics: subscribed (or true), while there is a client metrics subscription; "
            + "always, so that clients hear of the first one without connecting again; off (or false), never, as in Apache Kafka without a plug-in that takes "
            + "what clients push.",
        static text => text.Trim().ToLowerInvariant() switch
        {
            "subscribed" or "true" => (TelemetryAdvertising.Subscribed, null),
            "always" => (TelemetryAdvertising.Always, null),
            "off" or "false" => (TelemetryAdvertising.Off, null),
            _ => (default, ["None of subscribed, always and off"]),
        });

    /// <summary>The host that is advertised for a listener without one; null for the name of this machine.</summary>
    public static OwnSetting<string?> AdvertisedHost { get; } = new(
        "kafkacompat.advertised.host",
        null,
        "The host that is advertised for a listener that has none, where advertised.listeners is not set; without it the name of this machine. A "
            + "container's name is known to nobody outside.",
        static text => text.Trim() is { Length: > 0 } host && Uri.CheckHostName(host) != UriHostNameType.Unknown ? (host, null) : (null, ["Not a host"]));

    /// <summary>Topics that the node creates when it starts.</summary>
    public static OwnSetting<IReadOnlyList<InitialTopic>> Topics { get; } = new(
        "kafkacompat.topics",
        [],
        "Topics that are created when the node starts, before it says that it is ready, where they do not exist: orders:3,audit:1. Without a number a topic "
            + "gets num.partitions.",
        InitialTopic.Parse);

    public static IReadOnlyList<IOwnSetting> All { get; } = [WriteBehindBytes, ClusterId, LogFormat, HttpListener, ClientTelemetry, Topics, AdvertisedHost];

    private const string HttpListenerName = "HTTP";

    /// <summary>The setting of that name, or null.</summary>
    public static IOwnSetting? Find(string name) => All.FirstOrDefault(setting => setting.Name == name);
}
