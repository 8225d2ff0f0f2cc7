using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Configs;

namespace KafkaCompat.Server.Listeners;

/// <summary>Which sockets a listener needs.</summary>
internal static class ListenerAddresses
{
    /// <summary>
    /// No host is every interface in both families. <c>localhost</c> is both loopback addresses, because clients differ in which of the two they
    /// try. Any other name is what it resolves to.
    /// </summary>
    /// <param name="listener">The listener.</param>
    /// <param name="setting">What names it.</param>
    /// <exception cref="ConfigurationException">The name is nobody's here.</exception>
    public static IReadOnlyList<IPAddress> Of(ListenerEndpoint listener, string setting)
    {
        if (listener.Host.Length == 0)
        {
            return [Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any];
        }

        if (listener.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return Socket.OSSupportsIPv6 ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [IPAddress.Loopback];
        }

        if (IPAddress.TryParse(listener.Host, out var address))
        {
            return [address];
        }

        try
        {
            return Dns.GetHostAddresses(listener.Host) is [var first, ..] ? [first]
                : throw new ConfigurationException(
                [new SettingProblem($"Listener {listener}: {listener.Host} does not resolve to an address of this machine.", [setting])]);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new ConfigurationException(
                [new SettingProblem($"Listener {listener}: {listener.Host} does not resolve to an address of this machine: {e.Message}", [setting])]);
        }
    }
}
