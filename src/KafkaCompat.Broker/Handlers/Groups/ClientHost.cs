using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// A client's address as Kafka's tools and group records show it: a slash and Java's text of the address, which writes all eight
/// groups of an IPv6 address.
/// </summary>
internal static class ClientHost
{
    public static string Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return "/" + address;
        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out _);
        var groups = new string[8];
        for (var i = 0; i < groups.Length; i++)
            groups[i] = ((bytes[2 * i] << 8) | bytes[(2 * i) + 1]).ToString("x", CultureInfo.InvariantCulture);
        return "/" + string.Join(':', groups);
    }
}
