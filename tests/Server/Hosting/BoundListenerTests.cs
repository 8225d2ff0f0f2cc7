using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.Listeners;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>A listener of localhost has two sockets with one port, which the system chooses by looking at the first address alone.</summary>
public sealed class BoundListenerTests
{
    [Fact]
    public async Task A_port_that_is_taken_at_the_second_address_is_given_back_for_another()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has one loopback address.");
        var transport = new Ports { TakenAtSecond = 2 };
        await using var bound = await BoundListener.Bind(Localhost(0), transport);
        Assert.Equal((1003, 2), (bound.Endpoint.Port, bound.Sockets.Count));
        Assert.All(bound.Sockets, socket => Assert.Equal(1003, ((IPEndPoint)socket.EndPoint).Port));
        Assert.Equal(2, transport.Open);
    }

    [Theory]
    [InlineData(0, BoundListener.MaxPortsTried)]
    [InlineData(9092, 1)]
    public async Task Where_none_is_free_or_the_port_was_asked_for_it_is_said_and_nothing_stays_bound(int port, int tries)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has one loopback address.");
        var transport = new Ports { TakenAtSecond = int.MaxValue };
        var refused = await Assert.ThrowsAsync<ConfigurationException>(() => BoundListener.Bind(Localhost(port), transport));
        Assert.StartsWith($"Port {(port == 0 ? 1000 + tries : port)} is in use", refused.Message, StringComparison.Ordinal);
        Assert.Equal((tries, 0), (transport.Chosen, transport.Open));
    }

    private static ListenerEndpoint Localhost(int port) => new("PLAINTEXT", "localhost", port, "PLAINTEXT");

    /// <summary>Ports from 1001 on, some of which somebody has at every address but the first.</summary>
    private sealed class Ports : IConnectionListenerFactory
    {
        public int TakenAtSecond { get; init; }

        public int Chosen { get; private set; }

        public int Open { get; private set; }

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            var asked = (IPEndPoint)endpoint;
            if (asked.AddressFamily == AddressFamily.InterNetwork) Chosen++;
            else if (Chosen <= TakenAtSecond) throw new SocketException((int)SocketError.AddressAlreadyInUse);
            Open++;
            return new(new Bound(this, new IPEndPoint(asked.Address, asked.Port == 0 ? 1000 + Chosen : asked.Port)));
        }

        private sealed class Bound(Ports ports, EndPoint endPoint) : IConnectionListener
        {
            public EndPoint EndPoint => endPoint;

            public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) => new((ConnectionContext?)null);

            public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => DisposeAsync();

            public ValueTask DisposeAsync()
            {
                ports.Open--;
                return ValueTask.CompletedTask;
            }
        }
    }
}
