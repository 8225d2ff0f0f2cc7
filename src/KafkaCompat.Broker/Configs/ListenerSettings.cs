using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// The listeners of a node by their role, as <c>listeners</c>, <c>advertised.listeners</c>, <c>listener.security.protocol.map</c>,
/// <c>inter.broker.listener.name</c> and <c>controller.listener.names</c> say together.
/// </summary>
public sealed record ListenerSettings(
    IReadOnlyList<ListenerEndpoint> All,
    IReadOnlyList<ListenerEndpoint> Advertised,
    IReadOnlyList<string> ControllerNames,
    string InterBrokerName)
{
    internal const string ListenersSetting = ConfigKeys.Listeners;
    private const string AdvertisedSetting = ConfigKeys.AdvertisedListeners;
    private const string ControllerNamesSetting = ConfigKeys.ControllerListenerNames;
    private const string MapSetting = ConfigKeys.ListenerSecurityProtocolMap;
    private const string InterBrokerSetting = ConfigKeys.InterBrokerListenerName;
    private const string EarlyStartSetting = ConfigKeys.EarlyStartListeners;

    private static readonly string[] Protocols = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

    /// <summary>The listeners that serve brokers' APIs; a combined node's others serve the controller's.</summary>
    public IEnumerable<ListenerEndpoint> OfBroker => All.Where(listener => !ControllerNames.Contains(listener.Name));

    public IEnumerable<ListenerEndpoint> OfController => All.Where(listener => ControllerNames.Contains(listener.Name));

    /// <summary>What is advertised to clients of the brokers.</summary>
    public IEnumerable<ListenerEndpoint> AdvertisedOfBroker => Advertised.Where(listener => !ControllerNames.Contains(listener.Name));

    /// <summary>What is advertised to other nodes about the controller.</summary>
    public IEnumerable<ListenerEndpoint> AdvertisedOfController => Advertised.Where(listener => ControllerNames.Contains(listener.Name));

    /// <summary>The same listeners with the ports that the system chose for those that asked for port 0.</summary>
    internal ListenerSettings WithPorts(IReadOnlyDictionary<string, int> ports)
    {
        ListenerEndpoint Port(ListenerEndpoint endpoint) => endpoint.Port == 0 ? endpoint with { Port = ports[endpoint.Name] } : endpoint;
        return this with { All = [.. All.Select(Port)], Advertised = [.. Advertised.Select(Port)] };
    }

    internal static ListenerSettings Read(ServerConfig config, string localHostName, SettingProblems problems)
    {
        var controllerNames = config.GetList(ControllerNamesSetting);
        var protocols = ProtocolMap(config, controllerNames, problems);
        var listeners = Endpoints(config.GetList(ListenersSetting), ListenersSetting, protocols, problems);
        RequireDistinctPorts(listeners, problems);
        RequireDistinctNames(listeners, ListenersSetting, problems);
        foreach (var listener in listeners)
        {
            if (listener.SecurityProtocol != "PLAINTEXT")
            {
                problems.Add(
                    $"Listener {listener} uses {listener.SecurityProtocol}, which is not served yet: KafkaCompat serves PLAINTEXT listeners.",
                    ListenersSetting);
            }
            else if (!listener.CanBeBound)
            {
                problems.Add(
                    $"The listener {listener} cannot be bound: a port is 0 to {ushort.MaxValue}, and a host has {ListenerEndpoint.MaxHostLength} characters "
                        + "at most.", ListenersSetting);
            }
        }

        var advertised = ReadAdvertised(config, listeners, protocols, localHostName, problems);
        var settings = new ListenerSettings(listeners, advertised, controllerNames, InterBroker(config, problems));
        if (problems.IsSound(ListenersSetting) && problems.IsSound(AdvertisedSetting) && problems.IsSound(MapSetting)) CheckRoles(config, settings, problems);
        CheckEarlyStart(config, settings, problems);
        return settings;
    }

    private static List<ListenerEndpoint> ReadAdvertised(
        ServerConfig config, List<ListenerEndpoint> listeners, Dictionary<string, string> protocols, string localHostName, SettingProblems problems)
    {
        var advertised = Endpoints(config.GetOptionalList(AdvertisedSetting) ?? [], AdvertisedSetting, protocols, problems);
        RequireDistinctNames(advertised, AdvertisedSetting, problems);
        var options = string.Join(",", listeners.Select(static listener => listener.Name).Distinct());
        foreach (var endpoint in advertised)
        {
            if (listeners.TrueForAll(listener => listener.Name != endpoint.Name))
            {
                problems.Add(
                    "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. "
                    + $"Found {string.Join(",", advertised.Select(static a => a.Name).Distinct())}. The valid options based on the current configuration are "
                    + $"{options}",
                    AdvertisedSetting, ListenersSetting);
                break;
            }

            if (endpoint.Host is "0.0.0.0")
            {
                problems.Add($"advertised.listeners cannot use the nonroutable meta-address {endpoint.Host}. Use a routable IP address.", AdvertisedSetting);
            }
            else if (endpoint.Port is < 0 or > ushort.MaxValue)
            {
                problems.Add($"advertised.listeners advertises {endpoint}: a port is 0 to {ushort.MaxValue}.", AdvertisedSetting);
            }
            else if (endpoint.Host.Length > short.MaxValue)
            {
                problems.Add(
                    $"The host of advertised.listeners has {endpoint.Host.Length} characters: {short.MaxValue} at most fit into the registration of a broker.",
                    AdvertisedSetting);
            }
        }

        // A controller's listener that is not spoken of is advertised as it listens, and where nothing is spoken of a broker's too; without a host by this
        // machine's name.
        var controllers = config.GetList(ControllerNamesSetting);
        var isSpokenOf = advertised.Count > 0;
        foreach (var listener in listeners)
        {
            var isController = controllers.Contains(listener.Name);
            if (advertised.TrueForAll(endpoint => endpoint.Name != listener.Name) && (isController || !isSpokenOf))
            {
                advertised.Add(listener);
                if (listener.Host is "0.0.0.0")
                {
                    _ = problems.Require(
                        isController,
                        $"advertised.listeners cannot use the nonroutable meta-address {listener.Host}, which {ListenersSetting} has for {listener.Name}. "
                            + "Name a routable address in advertised.listeners.",
                        ListenersSetting, AdvertisedSetting);
                }
            }
        }

        return advertised.ConvertAll(endpoint => endpoint.Host is "" or "0.0.0.0" or "::" ? endpoint with { Host = localHostName } : endpoint);
    }

    private static string InterBroker(ServerConfig config, SettingProblems problems)
    {
        var name = config.GetString(InterBrokerSetting);
        if (name is not null)
        {
            _ = problems.Require(
                !config.IsSet(ConfigKeys.SecurityInterBrokerProtocol),
                "Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.",
                InterBrokerSetting, ConfigKeys.SecurityInterBrokerProtocol);
        }

        return (name ?? config.GetString(ConfigKeys.SecurityInterBrokerProtocol) ?? "PLAINTEXT").ToUpperInvariant();
    }

    private static void CheckRoles(ServerConfig config, ListenerSettings settings, SettingProblems problems)
    {
        if (config.Node.IsController)
        {
            var strangers = settings.ControllerNames.Where(name => settings.All.All(listener => listener.Name != name)).ToList();
            _ = problems.Require(
                strangers.Count == 0 || strangers.Count == settings.ControllerNames.Count,
                $"controller.listener.names must only contain values appearing in the 'listeners' configuration when running the KRaft controller role, not "
                    + $"{string.Join(", ", strangers)}",
                ControllerNamesSetting, ListenersSetting);
            _ = problems.Require(
                settings.OfController.Any(),
                "controller.listener.names must contain at least one value appearing in the 'listeners' configuration when running the KRaft controller role",
                ControllerNamesSetting, ListenersSetting);
        }

        if (!config.Node.IsBroker)
        {
            return;
        }

        var isOfBroker = problems.Require(
            !settings.ControllerNames.Contains(settings.InterBrokerName),
            "inter.broker.listener.name must not be an explicitly set controller.listener.names value when running KRaft with the broker role",
            InterBrokerSetting, ControllerNamesSetting);
        if (problems.Require(
            settings.AdvertisedOfBroker.Any(),
            "There must be at least one broker advertised listener. Perhaps all listeners appear in controller.listener.names?", ListenersSetting,
            AdvertisedSetting, ControllerNamesSetting))
        {
            _ = problems.Require(
                !isOfBroker || settings.AdvertisedOfBroker.Any(endpoint => endpoint.Name == settings.InterBrokerName),
                "inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options based on currently configured "
                    + "listeners are "
                + string.Join(",", settings.AdvertisedOfBroker.Select(static endpoint => endpoint.Name)),
                InterBrokerSetting, AdvertisedSetting);
        }
    }

    /// <summary>Nothing here starts early, but a name that is no listener's is a mistake.</summary>
    private static void CheckEarlyStart(ServerConfig config, ListenerSettings settings, SettingProblems problems)
    {
        foreach (var name in config.GetList(EarlyStartSetting))
        {
            _ = problems.Require(
                settings.ControllerNames.Contains(name) || settings.All.Any(listener => listener.Name == name),
                $"{EarlyStartSetting} contains listener {name}, but this is not contained in listeners or controller.listener.names", EarlyStartSetting,
                ListenersSetting, ControllerNamesSetting);
        }
    }

    private static Dictionary<string, string> ProtocolMap(ServerConfig config, IReadOnlyList<string> controllerNames, SettingProblems problems)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        var text = config.GetString(MapSetting) ?? "";
        foreach (var entry in ConnectionOverrides.Entries(text))
        {
            var colon = entry.LastIndexOf(':');
            var protocol = JavaText.Trim(entry[(colon + 1)..]).ToUpperInvariant();
            if (colon <= 0 || Array.IndexOf(Protocols, protocol) < 0)
            {
                problems.Add($"Invalid value {text} for configuration {MapSetting}: '{entry}' is not NAME:PROTOCOL with one of {string.Join(", ", Protocols)}",
                    MapSetting);
                continue;
            }

            map[JavaText.Trim(entry[..colon]).ToUpperInvariant()] = protocol;
        }

        // As in Kafka: a controller's listener is plain where the map is left at its default.
        if (!config.IsSet(MapSetting))
        {
            foreach (var name in controllerNames)
            {
                map.TryAdd(name, "PLAINTEXT");
            }
        }

        return map;
    }

    private static List<ListenerEndpoint> Endpoints(IReadOnlyList<string> texts, string setting, Dictionary<string, string> protocols, SettingProblems problems)
    {
        var endpoints = new List<ListenerEndpoint>();
        foreach (var text in texts)
        {
            if (!ListenerEndpoint.TryParse(text, out var name, out var host, out var port))
            {
                problems.Add($"Error creating broker listeners from '{string.Join(",", texts)}': Unable to parse {text} to a broker endpoint", setting);
            }
            else if (!protocols.TryGetValue(name, out var protocol))
            {
                if (problems.IsSound(MapSetting) && problems.IsSound(ControllerNamesSetting))
                {
                    problems.Add($"Error creating broker listeners from '{string.Join(",", texts)}': No security protocol defined for listener {name}",
                        setting);
                }
            }
            else
            {
                endpoints.Add(new ListenerEndpoint(name, host, port, protocol));
            }
        }

        return endpoints;
    }

    private static void RequireDistinctPorts(List<ListenerEndpoint> listeners, SettingProblems problems)
    {
        foreach (var sharing in listeners.Where(static listener => listener.Port > 0).GroupBy(static listener => listener.Port))
        {
            // One port may serve an IPv4 and an IPv6 address side by side.
            var pair = sharing.ToList();
            var isPair = pair.Count == 2 && pair.Count(static listener => listener.Host.Contains(':')) == 1;
            _ = problems.Require(pair.Count == 1
                || isPair, $"Each listener must have a different port, listeners: {string.Join(",", listeners)}", ListenersSetting);
        }
    }

    private static void RequireDistinctNames(List<ListenerEndpoint> listeners, string setting, SettingProblems problems)
    {
        foreach (var named in listeners.GroupBy(static listener => listener.Name))
        {
            _ = problems.Require(named.Count() == 1, $"Each listener must have a different name, {setting}: {string.Join(",", listeners)}", setting);
        }
    }
}
