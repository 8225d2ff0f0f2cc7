using KafkaCompat.Broker.Logging;
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

    private ServerConfig(Dictionary<string, string> set, Dictionary<string, object?> values, string localHostName, SettingProblems problems)
    {
        _set = set;
        _values = values;
        Node = NodeRoles.Read(this, problems);
        Listeners = ListenerSettings.Read(this, localHostName, problems);
        ConfigCrossChecks.Check(this, problems);
        ConfigCrossChecks.CheckFiles(this, problems);
        UnservedSettings.Refuse(this, problems);
        WriteBehindBytes = Own(OwnSettings.WriteBehindBytes);
        ClusterId = Own(OwnSettings.ClusterId);
        LogFormat = Own(OwnSettings.LogFormat);
        HttpListener = Own(OwnSettings.HttpListener);
        ClientTelemetry = Own(OwnSettings.ClientTelemetry);
        Topics = Own(OwnSettings.Topics);
        _ = Own(OwnSettings.AdvertisedHost);
        // Where nobody asked for it, a node goes on without it.
        if (set.ContainsKey(OwnSettings.HttpListener.Name) && HttpListener is { } http && Listeners.All.FirstOrDefault(http.SharesPortWith) is { } other)
        {
            _ = problems.Require(false, $"{OwnSettings.HttpListener.Name} and listeners cannot have one port: {http} and {other}",
                OwnSettings.HttpListener.Name, ListenerSettings.ListenersSetting);
        }

        T Own<T>(OwnSetting<T> setting)
        {
            try
            {
                return setting.Parse(set.GetValueOrDefault(setting.Name));
            }
            catch (ConfigurationException e)
            {
                foreach (var problem in e.Problems) problems.Add(problem.Message, setting.Name);
                return setting.Default;
            }
        }
    }

    private ServerConfig(Dictionary<string, string> set, Dictionary<string, object?> values, ServerConfig other) =>
        (_set, _values, Node, Listeners, WriteBehindBytes, ClusterId, LogFormat, HttpListener, ClientTelemetry, Topics) =
            (set, values, other.Node, other.Listeners, other.WriteBehindBytes, other.ClusterId, other.LogFormat, other.HttpListener, other.ClientTelemetry,
                other.Topics);

    /// <summary>Who this node is: id, roles, and where its quorum is.</summary>
    public NodeRoles Node { get; }

    /// <summary>Where it listens and what it advertises.</summary>
    public ListenerSettings Listeners { get; private init; }

    public int NodeId => Node.Id;

    /// <summary>The data directories: <c>log.dirs</c>, else <c>log.dir</c>.</summary>
    public IReadOnlyList<string> LogDirs => GetOptionalList(ConfigKeys.LogDirs) ?? GetList(ConfigKeys.LogDir);

    /// <summary>Where the metadata log lies: <c>metadata.log.dir</c>, else the first data directory.</summary>
    public string MetadataLogDir => GetString(ConfigKeys.MetadataLogDir) ?? LogDirs[0];

    /// <summary>
    /// Every directory of the node, each once: the data directories in their order, and behind them that of the metadata log where it is none of them.
    /// </summary>
    public IReadOnlyList<string> NodeDirs => [.. LogDirs.Append(MetadataLogDir).Distinct(StringComparer.Ordinal)];

    /// <summary>The setting that names a directory of the node.</summary>
    public string SettingOfDirectory(string directory) =>
        !LogDirs.Contains(directory) ? ConfigKeys.MetadataLogDir : GetOptionalList(ConfigKeys.LogDirs) is null ? ConfigKeys.LogDir : ConfigKeys.LogDirs;

    /// <summary>
    /// Whether a data directory takes no new partitions: <c>cordoned.log.dirs</c> names it, or all with an asterisk. As in Apache Kafka it is named by its
    /// whole path: an entry that repeats a relative one of <c>log.dirs</c> is taken and cordons nothing.
    /// </summary>
    public bool IsCordoned(string logDir) =>
        GetList(ConfigKeys.CordonedLogDirs) is var cordoned && (cordoned.Contains(Path.GetFullPath(logDir)) || cordoned is [AllDirectories]);

    /// <inheritdoc cref="OwnSettings.WriteBehindBytes"/>
    public long WriteBehindBytes { get; }

    /// <inheritdoc cref="OwnSettings.ClusterId"/>
    public string? ClusterId { get; }

    /// <inheritdoc cref="OwnSettings.LogFormat"/>
    public LogFormat LogFormat { get; }

    /// <inheritdoc cref="OwnSettings.HttpListener"/>
    public ListenerEndpoint? HttpListener { get; }

    /// <inheritdoc cref="OwnSettings.ClientTelemetry"/>
    public TelemetryAdvertising ClientTelemetry { get; }

    /// <inheritdoc cref="OwnSettings.Topics"/>
    public IReadOnlyList<InitialTopic> Topics { get; }

    /// <summary>What was set, by name, as it was written.</summary>
    public IReadOnlyDictionary<string, string> Explicit => _set;

    /// <summary>
    /// Reads <paramref name="settings"/>; of a name that comes twice the last value counts. <paramref name="localHostName"/> is advertised where
    /// a listener has no host.
    /// </summary>
    /// <exception cref="ConfigurationException">Something is wrong with them; it says everything that is.</exception>
    public static ServerConfig Create(IEnumerable<KeyValuePair<string, string>> settings, string localHostName) =>
        TryCreate(settings, localHostName, out var problems) ?? throw new ConfigurationException(problems);

    /// <summary>The same, with all <paramref name="problems"/> of a configuration; null where there are any.</summary>
    public static ServerConfig? TryCreate(IEnumerable<KeyValuePair<string, string>> settings, string localHostName, out IReadOnlyList<SettingProblem> problems)
    {
        var found = new SettingProblems();
        problems = found.All;
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in settings) set[name] = value;
        foreach (var (name, value) in set)
        {
            if (KnownSettings.Problem(name) is { } unknown) found.Add(unknown, name);
            else if (ListenerConfigs.Check(name, value) is { } problem) found.Add(problem, name);
        }

        // As in Kafka, one stands for the other where that is not given.
        if (set.TryGetValue(ConfigKeys.BrokerId, out var id)) _ = set.TryAdd(ConfigKeys.NodeId, id);
        var values = new Dictionary<string, object?>(ConfigCatalog.Broker.Count, StringComparer.Ordinal);
        RequireAll(set, found);
        foreach (var key in ConfigCatalog.Broker)
        {
            _ = key.TryParse(key.IsRequired ? Nothing(key.Type) : key.Default, out var value, out _);
            if (!set.TryGetValue(key.Name, out var text))
            {
                values[key.Name] = value;
                continue;
            }

            if (key.TryParse(text, out var given, out var broken))
            {
                value = given;
            }
            else
            {
                found.Add(broken, key.Name);
            }

            values[key.Name] = value;
        }

        var config = new ServerConfig(set, values, localHostName, found);
        return problems.Count == 0 ? config : null;
    }

    private static void RequireAll(Dictionary<string, string> set, SettingProblems problems)
    {
        var missing = ConfigCatalog.Broker.Where(key => key.IsRequired && !set.ContainsKey(key.Name)).Select(static key => key.Name).ToArray();
        if (missing.Length == 0) return;
        problems.Add(missing.Length == 1
            ? $"Missing required configuration \"{missing[0]}\" which has no default value."
            : $"Missing required configuration of {string.Join(", ", missing)}, which have no default value. A node that is its whole cluster has "
            + "process.roles=broker,controller, node.id=1, "
            + "listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093, controller.listener.names=CONTROLLER and "
            + "controller.quorum.bootstrap.servers=localhost:9093.", missing);
    }

    /// <summary>What stands where a required setting has no value, until the problem with it is reported.</summary>
    private static string Nothing(ConfigType type) => type == ConfigType.Int ? "0" : "";

    /// <summary>The same configuration once its listeners are bound: port 0 is the port that the system chose.</summary>
    public ServerConfig WithBoundPorts(IReadOnlyDictionary<string, int> ports) => new(_set, _values, this) { Listeners = Listeners.WithPorts(ports) };

    /// <summary>
    /// The same configuration with settings that the metadata brings over those of the file. They are known and of their types; the rules between
    /// settings are checked again. Listeners and identity stay.
    /// </summary>
    internal ServerConfig With(IReadOnlyDictionary<string, string> settings)
    {
        var config = new ServerConfig(new Dictionary<string, string>(_set, StringComparer.Ordinal),
            new Dictionary<string, object?>(_values, StringComparer.Ordinal), this);
        foreach (var (name, text) in settings)
        {
            config._set[name] = text;
            if (ConfigCatalog.FindBroker(name) is { } key)
            {
                config._values[name] = key.TryParse(text, out var value, out var problem) ? value : throw new ConfigurationException(problem);
            }
        }

        var problems = new SettingProblems();
        ConfigCrossChecks.Check(config, problems);
        problems.ThrowIfAny();
        return config;
    }

    /// <summary>A listener's own value of a setting, where one was given for it.</summary>
    public int? GetListenerInt(string listener, string name) =>
        _set.TryGetValue(ListenerConfigs.NameOf(listener, name), out var text) && ConfigCatalog.FindBroker(name)!.TryParse(text, out var value, out _)
            ? (int?)value
            : null;

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
        _values.TryGetValue(name, out var value) ? value : throw new ArgumentException($"A broker has no setting {name}.", nameof(name));
}
