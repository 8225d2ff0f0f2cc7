using System.Collections;
using System.Net;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Server.Settings;

/// <summary>
/// The settings of a node from where they may stand: Kafka's defaults, a file, the environment and the command line, each over the one before.
/// </summary>
internal sealed class ProgramSettings
{
    private const string BrokerPort = "9092";
    private const string ControllerPort = "9093";
    private const string LogDirs = ConfigKeys.LogDirs;
    private const string LogDir = ConfigKeys.LogDir;
    private const string MetadataLogDir = ConfigKeys.MetadataLogDir;

    /// <summary>What a node is without a file: broker and controller on this machine alone, data beside where it was started.</summary>
    private static readonly ConfigEntry[] WithoutFile =
    [
        new(ConfigKeys.ProcessRoles, "broker,controller", null),
        new(ConfigKeys.NodeId, "1", null),
        new(ConfigKeys.Listeners, $"PLAINTEXT://localhost:{BrokerPort},CONTROLLER://localhost:{ControllerPort}", null),
        new(ConfigKeys.ControllerListenerNames, "CONTROLLER", null),
    ];

    private readonly Dictionary<string, ConfigEntry> _last = new(StringComparer.Ordinal);

    private ProgramSettings(List<ConfigEntry> entries, IReadOnlyList<string> variables)
    {
        Entries = entries;
        foreach (var entry in entries) _last[entry.Name] = entry;
        var notes = new List<string>(variables);
        if (_last.TryGetValue(LogDir, out var one) && _last.TryGetValue(LogDirs, out var all) && one.Value != all.Value && one.Origin is not null)
            notes.Add($"{LogDir} ({one.Origin}) has no effect: {LogDirs} ({all.Origin}) overrides it.");
        Notes = notes;
    }

    /// <summary>All that was given, in the order in which the last one of a name counts.</summary>
    public IReadOnlyList<ConfigEntry> Entries { get; }

    /// <summary>What was given and is no setting in force, a line for each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>How the program writes its lines, so that it can say what is wrong with the settings in that form.</summary>
    public LogFormat LogFormat => EarlyLogFormat.Of([.. Entries.Select(static entry => KeyValuePair.Create(entry.Name, entry.Value))]);

    /// <summary>The configuration that <paramref name="arguments"/> and the environment describe.</summary>
    /// <exception cref="ConfigurationException">It is wrong; each problem says where the setting stands.</exception>
    public static ServerConfig Load(NodeArguments arguments) => Gather(arguments).ToConfig();

    /// <summary>Reads what there is. It looks at a value only where <c>--port</c> would rewrite it.</summary>
    public static ProgramSettings Gather(NodeArguments arguments)
    {
        var variables = EnvironmentVariables().ToList();
        var given = new List<ConfigEntry>(arguments.PropertiesFile is { } file ? PropertiesFile.Read(file) : WithoutFile);
        given.AddRange(EnvironmentSettings.Entries(variables));
        given.AddRange(arguments.Overrides.Select(static pair => new ConfigEntry(pair.Key, pair.Value, "--override")));
        IReadOnlyList<string> notes = [.. EnvironmentSettings.WithoutEffect(variables)];
        var settings = new ProgramSettings(Complete([.. given], arguments), notes);
        if (arguments.Port is not { } port) return settings;

        // A wrong listener is reported as it was written, not as --port would make it.
        _ = settings.TryToConfig(out var problems);
        if (problems.Any(static problem => problem.Settings.Any(PortOption.Needed.Contains))) return settings;
        PortOption.Apply(given, port, controllerFollows: arguments.PropertiesFile is null
            && given.FindLast(static entry => entry.Name == ConfigKeys.Listeners) is { Origin: null });
        return new ProgramSettings(Complete(given, arguments), notes);
    }

    /// <summary>Adds what nobody has to say where there is no file.</summary>
    private static List<ConfigEntry> Complete(List<ConfigEntry> entries, NodeArguments arguments)
    {
        if (arguments.PropertiesFile is not null) return entries;
        if (!entries.Exists(static entry => entry.Name is LogDirs or LogDir)) entries.Add(new(LogDirs, "data", null));
        if (entries.Exists(static entry => entry.Name == ConfigKeys.BrokerId)
            && !entries.Exists(static entry => entry is { Name: ConfigKeys.NodeId, Origin: not null }))
        {
            // Its older name says it.
            _ = entries.RemoveAll(static entry => entry.Name == ConfigKeys.NodeId);
        }

        CompleteQuorum(entries);
        return entries;
    }

    /// <summary>The configuration; <see cref="Gather"/> has read it.</summary>
    /// <exception cref="ConfigurationException">It is wrong; each problem says where the setting stands.</exception>
    public ServerConfig ToConfig() => TryToConfig(out var problems) ?? throw new ConfigurationException(problems);

    /// <summary>The same with all that is wrong, each with where the settings stand; null where anything is.</summary>
    public ServerConfig? TryToConfig(out IReadOnlyList<SettingProblem> problems)
    {
        var config = ServerConfig.TryCreate(Entries.Select(static entry => KeyValuePair.Create(entry.Name, entry.Value)), LocalHostName, out var found);
        problems = Placed(found);
        return config;
    }

    /// <summary>
    /// A configuration of the same directories and nothing else that was given, to look at them while other settings are wrong; null where theirs are.
    /// </summary>
    public ServerConfig? ToDirectoriesAlone()
    {
        List<ConfigEntry> entries = [.. WithoutFile, .. Entries.Where(static entry => entry.Name is LogDirs or LogDir or MetadataLogDir)];
        CompleteQuorum(entries);
        return ServerConfig.TryCreate(entries.Select(static entry => KeyValuePair.Create(entry.Name, entry.Value)), LocalHostName, out _);
    }

    /// <summary>What is advertised for a listener without a host. The configuration itself reports one that is not a host.</summary>
    private string LocalHostName =>
        _last.TryGetValue(OwnSettings.AdvertisedHost.Name, out var host) && OwnSettings.AdvertisedHost.TryParse(host.Value) is (string name, null)
        ? name
        : Dns.GetHostName();

    /// <summary>Where a setting was given last; null where nobody gave it.</summary>
    public string? OriginOf(string setting) => _last.GetValueOrDefault(setting)?.Origin;

    /// <summary>The same problems, each with where its settings stand.</summary>
    public IReadOnlyList<SettingProblem> Placed(IEnumerable<SettingProblem> problems) => [.. problems.Select(Placed)];

    /// <summary>What a failure says of settings, each with where they stand; null where it is about none.</summary>
    public IReadOnlyList<SettingProblem>? Placed(Exception failure) => failure switch
    {
        ConfigurationException wrong => Placed(wrong.Problems),
        QuorumStateException { Settings.Count: > 0 } state => Placed([new SettingProblem(state.Message, state.Settings)]),
        _ => null,
    };

    private SettingProblem Placed(SettingProblem problem)
    {
        var given = problem.Settings.Where(setting => OriginOf(setting) is not null).ToList();
        return given switch
        {
            [] => problem,
            [var one] when problem.Settings.Count == 1 || problem.Message.Contains(one, StringComparison.Ordinal) =>
                problem with { Message = $"{problem.Message} ({OriginOf(one)})" },
            _ => problem with { Message = $"{problem.Message} ({string.Join(", ", given.Select(setting => $"{setting}: {OriginOf(setting)}"))})" },
        };
    }

    /// <summary>
    /// Without a file nobody should have to know about quorums to move the broker's port: a controller's listener that was not spoken of
    /// gets the port above the first listener's, and the quorum is found there.
    /// </summary>
    private static void CompleteQuorum(List<ConfigEntry> settings)
    {
        ConfigEntry? LastEntry(string name) => settings.FindLast(entry => entry.Name == name);
        string Last(string name) => LastEntry(name)?.Value ?? "";

        var listeners = Last(ConfigKeys.Listeners);
        var controller = Last(ConfigKeys.ControllerListenerNames).Split(',')[0].Trim();
        if (!Last(ConfigKeys.ProcessRoles).Contains("controller", StringComparison.Ordinal))
        {
            return;
        }

        if (!listeners.Contains("://", StringComparison.Ordinal))
        {
            // Malformed: the message about it should quote what the user wrote, so the rest is made whole without it.
            settings.Add(new(ConfigKeys.ControllerQuorumBootstrapServers, $"localhost:{ControllerPort}", null));
            return;
        }

        if (!listeners.Contains(controller + "://", StringComparison.OrdinalIgnoreCase))
        {
            var first = listeners.Split(',')[0];
            var port = int.TryParse(first[(first.LastIndexOf(':') + 1)..], out var number) && number is > 0 and < 65535 ? number + 1 : 0;
            while (port is > 0 and < 65535 && listeners.Split(',').Any(entry => entry.TrimEnd().EndsWith($":{port}", StringComparison.Ordinal)))
            {
                // Another listener has it.
                port++;
            }

            listeners += $",{controller}://localhost:{port}";
            settings.Add(new(ConfigKeys.Listeners, listeners, LastEntry(ConfigKeys.Listeners)!.Origin));
        }

        if (LastEntry(ConfigKeys.ControllerListenerNames) is { Origin: null } && LastEntry(ConfigKeys.ListenerSecurityProtocolMap) is { Value.Length: > 0 } map
            && !map.Value.Contains(controller + ":", StringComparison.OrdinalIgnoreCase))
        {
            settings.Add(map with { Value = $"{map.Value},{controller}:PLAINTEXT" });
        }

        if (Last(ConfigKeys.ControllerQuorumBootstrapServers).Length == 0 && Last(ConfigKeys.ControllerQuorumVoters).Length == 0)
        {
            var entry = Array.Find(listeners.Split(','), text => text.Trim().StartsWith(controller + "://", StringComparison.OrdinalIgnoreCase))!.Trim();
            var address = entry[(entry.IndexOf("://", StringComparison.Ordinal) + 3)..];
            // If the listener is wrong, that is the problem to report, not this one.
            settings.Add(
                new(ConfigKeys.ControllerQuorumBootstrapServers, PropertiesFile.IsAddress(address)
                ? address.StartsWith(':') ? "localhost" + address : address
                : $"localhost:{ControllerPort}", null));
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> EnvironmentVariables()
    {
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            yield return new((string)entry.Key, (string?)entry.Value ?? "");
        }
    }
}
