using System.Globalization;
using System.Net;

namespace KafkaCompat.Broker.Peers;

/// <summary>Another node, and where it is reached.</summary>
/// <param name="NodeId">Its id; -1 where that is not known yet, as of a bootstrap server.</param>
/// <param name="EndPoint">A name or an address, with its port.</param>
public sealed record PeerAddress(int NodeId, EndPoint EndPoint)
{
    /// <summary>As log lines and errors name it.</summary>
    public override string ToString()
    {
        var where = EndPoint is DnsEndPoint name ? string.Create(CultureInfo.InvariantCulture, $"{name.Host}:{name.Port}") : EndPoint.ToString();
        return NodeId < 0 ? $"{where}" : string.Create(CultureInfo.InvariantCulture, $"node {NodeId} at {where}");
    }
}
