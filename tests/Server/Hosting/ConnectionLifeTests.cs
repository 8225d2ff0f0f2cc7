using System.Net;
using System.Net.Sockets;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Transport;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>Connections of a whole node over real sockets: who is let in, and how they end.</summary>
public sealed class ConnectionLifeTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>ApiVersions 0, correlation id 1, no client id.</summary>
    private static readonly byte[] Question = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-connections-");
    private readonly CancellationTokenSource _deadline = new(Patience);

    [Fact]
    public async Task Past_max_connections_a_client_is_served_when_another_leaves()
    {
        await using var node = await Start(("max.connections", "2"));
        using var first = await Connect(node);
        using var second = await Connect(node);
        await Ask(first);
        await Ask(second);
        using var third = await Connect(node);
        await third.SendAsync(Question, _deadline.Token);
        await Ask(second);
        Assert.Equal(0, third.Available);
        first.Dispose();
        await Answer(third);
    }

    [Fact]
    public async Task An_address_past_its_number_is_closed_and_a_controller_s_listener_counts_by_itself()
    {
        await using var node = await Start(("max.connections.per.ip", "1"));
        using var first = await Connect(node);
        await Ask(first);
        using var second = await Connect(node);
        Assert.True(await IsClosed(second));
        using var controller = await Connect(node, ofController: true);
        await Ask(controller);
    }

    [Fact]
    public async Task A_stop_ends_every_connection_in_order_also_over_bytes_that_nobody_reads()
    {
        var node = await Start();
        using var idle = await Connect(node);
        using var half = await Connect(node);
        using var asking = await Connect(node);
        await Ask(idle);
        await half.SendAsync(Question.AsMemory(0, 7), _deadline.Token);

        // More than is read before the stop: were the socket closed over it, the client would see a reset instead of its answers.
        for (var i = 0; i < 2_000; i++)
        {
            await asking.SendAsync(Question, _deadline.Token);
        }

        var stopping = node.DisposeAsync().AsTask();
        foreach (var socket in new[] { idle, half, asking })
        {
            Assert.Equal(0, await ReadToEnd(socket) % AnswerBytes);
            socket.Dispose();
        }

        await stopping.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await NoneIsOpen(node);
    }

    [Fact]
    public async Task A_client_that_does_not_leave_is_reset_after_the_bound()
    {
        var node = await Start();
        using var stubborn = await Connect(node);
        await Ask(stubborn);
        await node.DisposeAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
        await NoneIsOpen(node);
    }

    public void Dispose()
    {
        _deadline.Dispose();
        _folder.Delete(recursive: true);
    }

    private int AnswerBytes { get; set; } = 1;

    private async Task<RunningNode> Start(params (string Name, string Value)[] settings)
    {
        SocketTransport.CompleteInline();
        var config = NodeSettings.Config(Path.Combine(_folder.FullName, "data"), [NodeSettings.OnFreePorts("127.0.0.1"), .. settings]);
        return await RunningNode.Start(config, NullLoggerFactory.Instance);
    }

    private async Task<Socket> Connect(RunningNode node, bool ofController = false)
    {
        var listener = ofController ? node.Config.Listeners.OfController.Single() : node.Config.Listeners.OfBroker.Single();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, listener.Port), _deadline.Token);
        return socket;
    }

    private async Task Ask(Socket socket)
    {
        await socket.SendAsync(Question, _deadline.Token);
        await Answer(socket);
    }

    private async Task Answer(Socket socket)
    {
        var length = await Receive(socket, 4);
        var bytes = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(length);
        AnswerBytes = 4 + bytes;
        var answer = await Receive(socket, bytes);
        Assert.Equal(1, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(answer));
    }

    private async Task<byte[]> Receive(Socket socket, int bytes)
    {
        var buffer = new byte[bytes];
        for (var at = 0; at < bytes;)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(at), _deadline.Token);
            Assert.NotEqual(0, received);
            at += received;
        }

        return buffer;
    }

    /// <summary>Reads until the end of the stream; a reset fails the test.</summary>
    private async Task<long> ReadToEnd(Socket socket)
    {
        var buffer = new byte[64 * 1024];
        long total = 0;
        while (await socket.ReceiveAsync(buffer, _deadline.Token) is var received and > 0)
        {
            total += received;
        }

        return total;
    }

    private async Task NoneIsOpen(RunningNode node)
    {
        while (node.Transport.OpenConnections > 0)
        {
            await Task.Delay(10, _deadline.Token);
        }
    }

    private async Task<bool> IsClosed(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1], _deadline.Token) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
