using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Node;
using KafkaCompat.Server.Surroundings;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Listeners;

/// <summary>
/// Stop 1 of every request's path: accepts connections of listeners that share their limits, those of brokers or those of controllers, and puts each through
/// the listener's chain.
/// <code>
/// transport → admission → Kafka's protocol
/// </code>
/// Each stage is a delegate round the next, as Kestrel's connection middleware is: it may look at the connection, put another transport in its place for those
/// behind it, or end it. What encrypts a listener stands between admission and the protocol: who is not let in costs no handshake, and the protocol reads plain
/// bytes.
/// </summary>
internal sealed class ConnectionAcceptor(AdmissionMiddleware admission, BrokerNode node)
{
    /// <summary>An acceptor of some of a node's listeners, whose limits follow the node's settings.</summary>
    public static ConnectionAcceptor Create(IReadOnlyCollection<string> listeners, BrokerNode node, ILogger logger)
    {
        var quota = new ConnectionQuota(listeners, node.Broker.Settings.Configured, host => AddressOf(host, logger), TimeProvider.System);
        var admission = new AdmissionMiddleware(quota, node.Broker.Connections.Open, logger);

        // In this order, so that a change in between is not missed.
        node.Broker.Settings.Changed += admission.Apply;
        admission.Apply(node.Broker.Settings.Of(node.Broker.Metadata.Current));
        node.Broker.Connections.Quotas.AddressesChanged += quota.Apply;
        quota.Apply(node.Broker.Connections.Quotas.Addresses);
        return new ConnectionAcceptor(admission, node);
    }

    /// <summary>Accepts on one socket until it is unbound.</summary>
    public async Task Accept(BoundListener listener, IConnectionListener socket)
    {
        var chain = ChainOf(listener.Endpoint.Name);
        while (await socket.AcceptAsync().ConfigureAwait(false) is { } connection)
        {
            await chain(connection).ConfigureAwait(false);
        }
    }

    /// <summary>Turns away who waits; the sockets are unbound.</summary>
    public void Close() => admission.Close();

    private ConnectionDelegate ChainOf(string listener) => admission.Around(listener, connection => node.Serve(connection, listener));

    private static IPAddress? AddressOf(string host, ILogger logger)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return address;
        }

        try
        {
            return Dns.GetHostAddresses(host)[0];
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            HostLogMessages.NoSuchHost(logger, host);
            return null;
        }
    }
}
