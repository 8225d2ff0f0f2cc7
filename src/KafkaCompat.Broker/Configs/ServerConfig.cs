using KafkaCompat.Broker.Logs;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// The settings of a node: what <c>server.properties</c>, the environment and the command line say, over Kafka's defaults, each read as its type
/// and held against Kafka's rules. A value of this type is valid; <see cref="Create"/> throws <see cref="ConfigurationException"/> else.
/// </summary>
public sealed class ServerConfig
{
    internal const string AllDirectories = "*";

    private readonly Dictionary<string, string> _set;
    private readonly Dictionary<string, object?> _values;

    private ServerConfig(Dictionary<string, string> set, Dictionary<string, object?> values, string localHostName)
    {
        _set = set;
        _values = values;
        Node = NodeRoles.Read(this);
        Listeners = ListenerSettings.Read(this, localHostName);
        ConfigCrossChecks.Check(this);
        UnservedSettings.Refuse(this);
        WriteBehindBytes = Own(OwnSettings.WriteBehindBytes);
        ClusterId = Own(OwnSettings.ClusterId);
        LogFormat = Own(OwnSettings.LogFormat);
        HttpListener = Own(OwnSettings.HttpListener);
        ClientTelemetry = Own(OwnSettings.ClientTelemetry);

        T Own<T>(OwnSetting<T> setting) => setting.Parse(set.GetValueOrDefault(setting.Name));
    }

    private ServerConfig(Dictionary<string, string> set, Dictionary<string, object?> values, ServerConfig other) =>
        (_set, _values, Node, Listeners, WriteBehindBytes, ClusterId, LogFormat, HttpListener, ClientTelemetry) =
            (set, values, other.Node, other.Listeners, other.WriteBehindBytes, other.ClusterId, other.LogFormat, other.HttpListener, other.ClientTelemetry);

    /// <summary>Who this node is: id, roles, and where its quorum is.</summary>
    public NodeRoles Node { get; }

    /// <summary>Where it listens and what it tells others.</summary>
    public ListenerSettings Listeners { get; private init; }

    public int NodeId => Node.Id;

    /// <summary>The data directories: <c>log.dirs</c>, else <c>log.dir</c>.</summary>
    public IReadOnlyList<string> LogDirs => GetOptionalList("log.dirs") ?? GetList("log.dir");

    /// <summary>Where the metadata log lies: <c>metadata.log.dir</c>, else the first data directory.</summary>
    public string MetadataLogDir => GetString("metadata.log.dir") ?? LogDirs[0];

    /// <summary>
    /// Whether a data directory takes no new partitions: <c>cordoned.log.dirs</c> names it, or all with an asterisk. As in Apache Kafka it is named by its whole
    /// path: an entry that repeats a relative one of <c>log.dirs</c> is taken and cordons nothing.
    /// </summary>
    public bool IsCordoned(string logDir) =>
        GetList("cordoned.log.dirs") is var cordoned && (cordoned.Contains(Path.GetFullPath(logDir)) || cordoned is [AllDirectories]);

    /// <inheritdoc cref="OwnSettings.WriteBehindBytes"/>
    public long WriteBehindBytes { get; }

    /// <inheritdoc cref="OwnSettings.ClusterId"/>
    public string? ClusterId { get; }

    /// <inheritdoc cref="OwnSettings.LogFormat"/>
    public LogFormat LogFormat { get; }

    /// <inheritdoc cref="OwnSettings.HttpListener"/>
    public ListenerEndpoint? HttpListener { get; }

    /// <inheritdoc cref="OwnSettings.ClientTelemetry"/>
    public bool ClientTelemetry { get; }

    /// <summary>What was set, by name, as it was written.</summary>
    public IReadOnlyDictionary<string, string> Explicit => _set;

    /// <summary>
    /// Reads <paramref name="settings"/>; of a name that comes twice the last value counts. <paramref name="localHostName"/> is advertised where
    /// a listener has no host.
    /// </summary>
    public static ServerConfig Create(IEnumerable<KeyValuePair<string, string>> settings, string localHostName)
    {
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in settings)
        {
            if (name.Length == 0)
            {
                throw new ConfigurationException($"A line of the settings has no name before its '=': ={value}");
            }

            if (!KnownSettings.Contains(name))
            {
                var nearest = KnownSettings.Nearest(name);
                throw new ConfigurationException($"Unknown setting {name}{(nearest is null ? "" : $"; did you mean {nearest}?")}");
            }

            if (ListenerConfigs.Check(name, value) is { } problem)
            {
                throw new ConfigurationException(problem);
            }

            set[name] = value;
        }

        var values = new Dictionary<string, object?>(ConfigCatalog.Broker.Count, StringComparer.Ordinal);
        foreach (var key in ConfigCatalog.Broker)
        {
            if (!set.TryGetValue(key.Name, out var text))
            {
                text = key.IsRequired
                    ? throw new ConfigurationException($"Missing required configuration \"{key.Name}\" which has no default value.")
                    : key.Default;
                values[key.Name] = key.TryParse(text, out var byDefault, out _) ? byDefault : text;
                continue;
            }

            values[key.Name] = key.TryParse(text, out var value, out var broken) ? value : throw new ConfigurationException(broken);
        }

        return new ServerConfig(set, values, localHostName);
    }

    /// <summary>The same configuration once its listeners are bound: port 0 is the port that the system chose.</summary>
    public ServerConfig WithBoundPorts(IReadOnlyDictionary<string, int> ports) => new(_set, _values, this) { Listeners = Listeners.WithPorts(ports) };

    /// <summary>
    /// The same configuration with settings that the metadata brings over those of the file. They are known and of their types; the rules between
    /// settings are checked again. Listeners and identity stay.
    /// </summary>
    internal ServerConfig With(IReadOnlyDictionary<string, string> settings)
    {
        var config = new ServerConfig(new Dictionary<string, string>(_set, StringComparer.Ordinal), new Dictionary<string, object?>(_values, StringComparer.Ordinal), this);
        foreach (var (name, text) in settings)
        {
            config._set[name] = text;
            if (ConfigCatalog.FindBroker(name) is { } key)
            {
                config._values[name] = key.TryParse(text, out var value, out var problem) ? value : throw new ConfigurationException(problem);
            }
        }

        ConfigCrossChecks.Check(config);
        return config;
    }

    /// <summary>A listener's own value of a setting, where one was given for it.</summary>
    public int? GetListenerInt(string listener, string name) =>
        _set.TryGetValue(ListenerConfigs.NameOf(listener, name), out var text) && ConfigCatalog.FindBroker(name)!.TryParse(text, out var value, out _) ? (int?)value : null;

    /// <summary>Whether the setting was given; its default is in force else.</summary>
    public bool IsSet(string name) => _set.ContainsKey(name);

    public bool GetBool(string name) => (bool)Value(name)!;

    public int GetInt(string name) => (int)Value(name)!;

    public int? GetOptionalInt(string name) => (int?)Value(name);

    public short GetShort(string name) => (short)Value(name)!;

    public long GetLong(string name) => (long)Value(name)!;

    public long? GetOptionalLong(string name) => (long?)Value(name);

    public double GetDouble(string name) => (double)Value(name)!;

    public string? GetString(string name) => (string?)Value(name);

    public IReadOnlyList<string> GetList(string name) => GetOptionalList(name) ?? [];

    public IReadOnlyList<string>? GetOptionalList(string name) => (List<string>?)Value(name);

    /// <summary>The text of a setting as DescribeConfigs shows it: as it was written, else the default.</summary>
    public string? GetText(string name) => _set.GetValueOrDefault(name) ?? ConfigCatalog.FindBroker(name)?.Default;

    /// <summary>What holds where a setting is not given; null where it has no default.</summary>
    internal static string? DefaultOf(string name) => ConfigCatalog.FindBroker(name)?.Default;

    private object? Value(string name) =>
        _values.TryGetValue(name, out var value) ? value : throw new ArgumentException($"{name} is no setting of a broker.", nameof(name));
}
