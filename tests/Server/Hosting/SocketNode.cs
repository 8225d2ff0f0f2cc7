using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Transport;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>A whole node on the disk, reached over sockets of the loopback interface.</summary>
internal sealed class SocketNode : IFrameNode, IAsyncDisposable
{
    /// <summary>The cluster whose answers golden/hostile.tsv holds.</summary>
    private const string ClusterId = "6Xm3QqAYSXaTnL0aTq1nDw";

    private readonly DirectoryInfo _folder;
    private readonly List<SocketClient> _clients = [];

    private SocketNode(RunningNode node, DirectoryInfo folder) => (Node, _folder) = (node, folder);

    public RunningNode Node { get; }

    public static async Task<SocketNode> Start(params (string Name, string Value)[] settings)
    {
        SocketTransport.CompleteInline();
        var folder = Directory.CreateTempSubdirectory("kafkacompat-hostile-");
        var config = NodeSettings.Config(
            Path.Combine(folder.FullName, "data"),
            [
                NodeSettings.OnFreePorts("127.0.0.1"), ("advertised.listeners", "PLAINTEXT://localhost:19092,CONTROLLER://localhost:19093"),
                ("offsets.topic.num.partitions", "3"), ("kafkacompat.cluster.id", ClusterId), .. settings,
            ]);
        return new SocketNode(await RunningNode.Start(config, NullLoggerFactory.Instance), folder);
    }

    public SocketClient Connect(int receiveBufferBytes = 0, string listener = "PLAINTEXT")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0)
        {
            socket.ReceiveBufferSize = receiveBufferBytes;
        }

        socket.Connect(new IPEndPoint(IPAddress.Loopback, Node.Config.Listeners.All.Single(one => one.Name == listener).Port));
        var client = new SocketClient(socket);
        _clients.Add(client);
        return client;
    }

    IFrameClient IFrameNode.Connect(string listener) => Connect(listener: listener);

    public async Task<Uuid> CreateTopic(string name, int partitions, params (string Name, string Value)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = partitions, ReplicationFactor = 1 };
        foreach (var (key, value) in configs)
        {
            topic.Configs.Add(new() { Name = key, Value = value });
        }

        using var client = Connect();
        var response = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(new CreateTopicsRequest { Topics = { topic }, TimeoutMs = 120_000 }, 7);
        Assert.Equal(ErrorCode.None, response.Topics[0].ErrorCode);
        return response.Topics[0].TopicId;
    }

    /// <summary>Ends every connection that was opened here.</summary>
    public void Disconnect()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Disconnect();
        await Node.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}

/// <summary>A client over a socket: whole frames, or bytes as they come.</summary>
internal sealed class SocketClient(Socket socket) : IFrameClient, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly byte[] _head = new byte[4];
    private int _headBytes;

    public Socket Socket { get; } = socket;

    public async Task Send(ReadOnlyMemory<byte> bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            at += await Socket.SendAsync(bytes[at..], SocketFlags.None, TestContext.Current.CancellationToken);
        }
    }

    public void CloseSending() => Socket.Shutdown(SocketShutdown.Send);

    public async Task<byte[]?> Receive(TimeSpan? patience = null)
    {
        using var expired = new CancellationTokenSource(patience ?? Patience);
        try
        {
            // What was read of a frame before patience ended is kept for the next call.
            while (_headBytes < _head.Length)
            {
                var received = await Socket.ReceiveAsync(_head.AsMemory(_headBytes), SocketFlags.None, expired.Token);
                if (received == 0) return null;
                _headBytes += received;
            }

            var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(_head)];
            for (var at = 0; at < frame.Length;)
            {
                var received = await Socket.ReceiveAsync(frame.AsMemory(at), SocketFlags.None, expired.Token);
                if (received == 0) return null;
                at += received;
            }

            _headBytes = 0;
            return frame;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted)
        {
            return null;
        }
    }

    /// <summary>Ends the connection so that the node gets a reset instead of an end.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Dispose();
    }

    public void Dispose() => Socket.Dispose();
}
