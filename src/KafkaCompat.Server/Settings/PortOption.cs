using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Server.Settings;

/// <summary>
/// <c>--port N</c>: the first listener for clients moves to port N, and so does what is advertised for it. The controller's listener moves to N + 1 where
/// nobody chose its port, or where it would meet N; the quorum's addresses that name its old port move along.
/// </summary>
internal static class PortOption
{
    private const string Option = "--port";
    private const string Listeners = ConfigKeys.Listeners;
    private const string Advertised = ConfigKeys.AdvertisedListeners;
    private const string ControllerNames = ConfigKeys.ControllerListenerNames;
    private static readonly string[] QuorumAddresses = [ConfigKeys.ControllerQuorumBootstrapServers, ConfigKeys.ControllerQuorumVoters];

    /// <summary>
    /// Settings that the option reads and rewrites. It needs them sound: a wrong one is reported as it was given, not as the option would write it.
    /// </summary>
    public static IReadOnlyList<string> Needed { get; } = [Listeners, Advertised, ControllerNames, .. QuorumAddresses];

    /// <summary>Adds to <paramref name="settings"/> what the option changes. The last value of a setting is the one in force.</summary>
    /// <param name="settings">All settings, in their order.</param>
    /// <param name="port">N.</param>
    /// <param name="controllerFollows">Whether the controller's port was chosen by nobody.</param>
    public static void Apply(List<ConfigEntry> settings, int port, bool controllerFollows)
    {
        var controllers = Last(ControllerNames).Split(',', StringSplitOptions.TrimEntries);
        var entries = Last(Listeners).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var first = Array.FindIndex(entries, entry => !controllers.Contains(NameOf(entry), StringComparer.OrdinalIgnoreCase));
        if (first < 0)
        {
            // Where nothing is set, Kafka listens on PLAINTEXT://:9092.
            entries = [.. entries, "PLAINTEXT://:0"];
            first = entries.Length - 1;
        }

        entries[first] = WithPort(entries[first], Text(port));
        for (var i = 0; i < entries.Length; i++)
        {
            if (i != first && controllers.Contains(NameOf(entries[i]), StringComparer.OrdinalIgnoreCase)
                && (controllerFollows || (port > 0 && PortOf(entries[i]) == Text(port))))
            {
                var next = Text(port is > 0 and < ushort.MaxValue ? port + 1 : port == 0 ? 0 : port - 1);
                MoveQuorum(PortOf(entries[i]), next);
                entries[i] = WithPort(entries[i], next);
            }
        }

        settings.Add(new(Listeners, string.Join(',', entries), Option));
        if (Last(Advertised) is { Length: > 0 } advertised)
        {
            settings.Add(new(Advertised, string.Join(',', advertised.Split(',', StringSplitOptions.TrimEntries)
                .Select(entry => NameOf(entry).Equals(NameOf(entries[first]), StringComparison.OrdinalIgnoreCase) ? WithPort(entry, Text(port)) : entry)),
                Option));
        }

        string Last(string name) => settings.FindLast(entry => entry.Name == name)?.Value ?? "";

        void MoveQuorum(string from, string to)
        {
            foreach (var name in QuorumAddresses)
            {
                var addresses = Last(name).Split(',', StringSplitOptions.TrimEntries);

                // What names another port stays as it was given, and so does where it was.
                if (addresses.Any(address => address.Length > 0 && PortOf(address) == from))
                {
                    settings.Add(new(name, string.Join(',', addresses.Select(address => PortOf(address) == from ? WithPort(address, to) : address)), Option));
                }
            }
        }
    }

    private static string NameOf(string entry) => entry.Split("://", 2)[0];

    private static string PortOf(string entry) => entry[(entry.LastIndexOf(':') + 1)..];

    private static string WithPort(string entry, string port) => entry[..(entry.LastIndexOf(':') + 1)] + port;

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
