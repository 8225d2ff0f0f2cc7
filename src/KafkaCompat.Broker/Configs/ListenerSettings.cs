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
    private static readonly string[] Protocols = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

    /// <summary>The listeners that serve brokers' APIs; a combined node's others serve the controller's.</summary>
    public IEnumerable<ListenerEndpoint> OfBroker => All.Where(listener => !ControllerNames.Contains(listener.Name));

    public IEnumerable<ListenerEndpoint> OfController => All.Where(listener => ControllerNames.Contains(listener.Name));

    /// <summary>What brokers' clients are told.</summary>
    public IEnumerable<ListenerEndpoint> AdvertisedOfBroker => Advertised.Where(listener => !ControllerNames.Contains(listener.Name));

    /// <summary>What other nodes are told about the controller.</summary>
    public IEnumerable<ListenerEndpoint> AdvertisedOfController => Advertised.Where(listener => ControllerNames.Contains(listener.Name));

    /// <summary>The same listeners with the ports that the system chose for those that asked for port 0.</summary>
    internal ListenerSettings WithPorts(IReadOnlyDictionary<string, int> ports)
    {
        ListenerEndpoint Port(ListenerEndpoint endpoint) => endpoint.Port == 0 ? endpoint with { Port = ports[endpoint.Name] } : endpoint;
        return this with { All = [.. All.Select(Port)], Advertised = [.. Advertised.Select(Port)] };
    }

    internal static ListenerSettings Read(ServerConfig config, string localHostName)
    {
        var controllerNames = config.GetList("controller.listener.names").Select(static name => name.ToUpperInvariant()).ToList();
        var protocols = ProtocolMap(config, controllerNames);
        var listeners = Endpoints(config.GetList("listeners"), protocols);
        RequireDistinct(listeners, "Each listener must have a different port", static listener => listener.Port, exceptZero: true, listeners);
        RequireDistinct(listeners, "Each listener must have a different name", static listener => listener.Name, exceptZero: false, listeners);
        foreach (var listener in listeners)
        {
            if (listener.SecurityProtocol != "PLAINTEXT")
            {
                throw new ConfigurationException(
                    $"Listener {listener} uses {listener.SecurityProtocol}, which is not served yet: KafkaCompat serves PLAINTEXT listeners.");
            }
        }

        var advertised = ReadAdvertised(config, listeners, protocols, localHostName);
        var settings = new ListenerSettings(listeners, advertised, controllerNames, InterBroker(config));
        CheckRoles(config, settings);
        return settings;
    }

    private static List<ListenerEndpoint> ReadAdvertised(
        ServerConfig config, List<ListenerEndpoint> listeners, Dictionary<string, string> protocols, string localHostName)
    {
        var advertised = Endpoints(config.GetOptionalList("advertised.listeners") ?? [], protocols);
        var options = string.Join(",", listeners.Select(static listener => listener.Name).Distinct());
        foreach (var endpoint in advertised)
        {
            if (listeners.TrueForAll(listener => listener.Name != endpoint.Name))
            {
                throw new ConfigurationException(
                    "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. "
                    + $"Found {string.Join(",", advertised.Select(static a => a.Name).Distinct())}. The valid options based on the current configuration are {options}");
            }

            if (endpoint.Host is "0.0.0.0" or "::")
            {
                throw new ConfigurationException(
                    $"advertised.listeners cannot use the nonroutable meta-address {endpoint.Host}. Use a routable IP address.");
            }
        }

        // A listener that is not spoken of is advertised as it listens, and without a host by this machine's name.
        foreach (var listener in listeners)
        {
            if (advertised.TrueForAll(endpoint => endpoint.Name != listener.Name))
            {
                advertised.Add(listener);
            }
        }

        return advertised.ConvertAll(endpoint => endpoint.Host is "" or "0.0.0.0" or "::" ? endpoint with { Host = localHostName } : endpoint);
    }

    private static string InterBroker(ServerConfig config)
    {
        var name = config.GetString("inter.broker.listener.name");
        if (name is not null && config.IsSet("security.inter.broker.protocol"))
        {
            throw new ConfigurationException("Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.");
        }

        return (name ?? config.GetString("security.inter.broker.protocol")!).ToUpperInvariant();
    }

    private static void CheckRoles(ServerConfig config, ListenerSettings settings)
    {
        if (config.Node.IsController && !settings.OfController.Any())
        {
            throw new ConfigurationException(
                "controller.listener.names must contain at least one value appearing in the 'listeners' configuration when running the KRaft controller role");
        }

        if (!config.Node.IsController && settings.OfController.Any())
        {
            throw new ConfigurationException(
                "controller.listener.names must not contain a value appearing in the 'listeners' configuration when running KRaft with just the broker role");
        }

        if (!config.Node.IsBroker)
        {
            return;
        }

        if (settings.ControllerNames.Contains(settings.InterBrokerName))
        {
            throw new ConfigurationException(
                "inter.broker.listener.name must not be an explicitly set controller.listener.names value when running KRaft with the broker role");
        }

        if (!settings.AdvertisedOfBroker.Any())
        {
            throw new ConfigurationException("There must be at least one broker advertised listener. Perhaps all listeners appear in controller.listener.names?");
        }

        if (settings.AdvertisedOfBroker.All(endpoint => endpoint.Name != settings.InterBrokerName))
        {
            throw new ConfigurationException(
                "inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options based on currently configured listeners are "
                + string.Join(",", settings.AdvertisedOfBroker.Select(static endpoint => endpoint.Name)));
        }
    }

    private static Dictionary<string, string> ProtocolMap(ServerConfig config, List<string> controllerNames)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        var text = config.GetString("listener.security.protocol.map")!;
        foreach (var entry in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var colon = entry.LastIndexOf(':');
            var protocol = entry[(colon + 1)..].Trim().ToUpperInvariant();
            if (colon <= 0 || Array.IndexOf(Protocols, protocol) < 0)
            {
                throw new ConfigurationException(
                    $"Invalid value {text} for configuration listener.security.protocol.map: {entry} is not NAME:PROTOCOL with one of {string.Join(", ", Protocols)}");
            }

            map[entry[..colon].Trim().ToUpperInvariant()] = protocol;
        }

        // As in Kafka: a controller's listener is plain where the map is left at its default.
        if (!config.IsSet("listener.security.protocol.map"))
        {
            foreach (var name in controllerNames)
            {
                map.TryAdd(name, "PLAINTEXT");
            }
        }

        return map;
    }

    private static List<ListenerEndpoint> Endpoints(IReadOnlyList<string> texts, Dictionary<string, string> protocols)
    {
        var endpoints = new List<ListenerEndpoint>();
        foreach (var text in texts)
        {
            if (!ListenerEndpoint.TryParse(text, out var name, out var host, out var port))
            {
                throw new ConfigurationException($"Error creating broker listeners from '{string.Join(",", texts)}': Unable to parse {text} to a broker endpoint");
            }

            if (!protocols.TryGetValue(name, out var protocol))
            {
                throw new ConfigurationException(
                    $"Error creating broker listeners from '{string.Join(",", texts)}': No security protocol defined for listener {name}");
            }

            endpoints.Add(new ListenerEndpoint(name, host, port, protocol));
        }

        return endpoints;
    }

    private static void RequireDistinct<T>(
        IEnumerable<ListenerEndpoint> listeners, string message, Func<ListenerEndpoint, T> by, bool exceptZero, List<ListenerEndpoint> all)
    {
        foreach (var group in listeners.Where(listener => !exceptZero || listener.Port > 0).GroupBy(by))
        {
            // One port may serve an IPv4 and an IPv6 address side by side.
            var pair = group.ToList();
            if (pair.Count > 1 && !(exceptZero && pair.Count == 2 && pair.Count(static listener => listener.Host.Contains(':')) == 1))
            {
                throw new ConfigurationException($"{message}, listeners: {string.Join(",", all)}");
            }
        }
    }
}
