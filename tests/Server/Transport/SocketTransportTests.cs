using System.Buffers;
using System.Net;
using System.Net.Sockets;
using KafkaCompat.Server.Surroundings;
using KafkaCompat.Server.Transport;
using KafkaCompat.Tests.Shared;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace KafkaCompat.Server.Tests.Transport;

/// <summary>The socket transport against real sockets of the loopback interface.</summary>
public sealed class SocketTransportTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly SocketTransport _transport;
    private readonly IConnectionListener _listener;
    private readonly CancellationTokenSource _deadline = new(Patience);

    public SocketTransportTests()
    {
        SocketTransport.CompleteInline();
        _transport = new SocketTransport(new SocketTransportOptions { SweepInterval = TimeSpan.FromMilliseconds(50) }, TimeProvider.System);
        _listener = _transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0)).AsTask().GetAwaiter().GetResult();
    }

    [Fact]
    public async Task What_is_sent_comes_back()
    {
        var (client, server) = await Connect();
        var echo = Echo(server);
        var sent = Bytes(100, seed: 1);
        for (var round = 0; round < 1000; round++)
        {
            await client.SendAsync(sent, _deadline.Token);
            Assert.Equal(sent, await Receive(client, sent.Length));
        }

        client.Shutdown(SocketShutdown.Send);
        await echo.WaitAsync(_deadline.Token);
        client.Dispose();
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(65_536)]
    [InlineData(1_048_577)]
    [InlineData(20_000_000)]
    public async Task A_large_frame_comes_back_whole(int length)
    {
        var (client, server) = await Connect();
        var echo = Echo(server);
        var sent = Bytes(length, seed: 2);
        var sending = Send(client, sent);
        var received = await Receive(client, length);
        await sending;
        Assert.True(sent.AsSpan().SequenceEqual(received));
        client.Shutdown(SocketShutdown.Send);
        await echo.WaitAsync(_deadline.Token);
        client.Dispose();
    }

    /// <summary>Files need descriptors too: who connects when few are left is turned away.</summary>
    [Fact]
    public async Task A_connection_that_would_take_a_reserved_descriptor_is_closed_and_told_of()
    {
        var refused = 0;
        var options = new SocketTransportOptions { FirstReservedDescriptor = 0, Refused = _ => Interlocked.Increment(ref refused) };
        using var transport = new SocketTransport(options, TimeProvider.System);
        var listener = await transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), _deadline.Token);
        var accepting = listener.AcceptAsync(_deadline.Token);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.EndPoint, _deadline.Token);
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], _deadline.Token));
        // The remote end sees it before it is told of.
        await Eventually.Is(() => Volatile.Read(ref refused) == 1);
        Assert.False(accepting.IsCompleted);
        await listener.UnbindAsync(_deadline.Token);
        Assert.Null(await accepting);
    }

    /// <summary>A port of few connections: those that come on top are closed, and when one of the first has ended the next is served again.</summary>
    [Fact]
    public async Task A_connection_past_the_most_is_closed_and_told_of()
    {
        var full = 0;
        var options = new SocketTransportOptions
        {
            MaxConnections = 2,
            Full = _ => Interlocked.Increment(ref full),
            Refused = static _ => Assert.Fail("It has descriptors."),
        };
        using var transport = new SocketTransport(options, TimeProvider.System);
        var listener = await transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), _deadline.Token);
        var (first, served) = await Connect(listener);
        var (second, _) = await Connect(listener);
        var accepting = listener.AcceptAsync(_deadline.Token);
        using (var third = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await third.ConnectAsync(listener.EndPoint, _deadline.Token);
            Assert.Equal(0, await third.ReceiveAsync(new byte[1], _deadline.Token));
        }

        await Eventually.Is(() => Volatile.Read(ref full) == 1);
        Assert.False(accepting.IsCompleted);
        first.Dispose();
        served.Abort();
        await served.DisposeAsync();
        using var fourth = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await fourth.ConnectAsync(listener.EndPoint, _deadline.Token);
        Assert.NotNull(await accepting);
        second.Dispose();
        transport.AbortConnections();
    }

    /// <summary>Health and metrics have descriptors of their own: so many connections are served whatever number they get.</summary>
    [Fact]
    public async Task Spare_connections_may_have_reserved_descriptors()
    {
        var refused = 0;
        var options = new SocketTransportOptions { FirstReservedDescriptor = 0, SpareConnections = 2, Refused = _ => Interlocked.Increment(ref refused) };
        using var transport = new SocketTransport(options, TimeProvider.System);
        var listener = await transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), _deadline.Token);
        var (first, _) = await Connect(listener);
        var (second, _) = await Connect(listener);
        var accepting = listener.AcceptAsync(_deadline.Token);
        using var third = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await third.ConnectAsync(listener.EndPoint, _deadline.Token);
        Assert.Equal(0, await third.ReceiveAsync(new byte[1], _deadline.Token));
        await Eventually.Is(() => Volatile.Read(ref refused) == 1);
        await listener.UnbindAsync(_deadline.Token);
        Assert.Null(await accepting);
        first.Dispose();
        second.Dispose();
        transport.AbortConnections();
    }

    /// <summary>Connections of clients end before files, and files before what HTTP, .NET and the stop need.</summary>
    [Theory]
    [InlineData(192, true, 116, 140)]
    [InlineData(1024, true, 940, 972)]
    [InlineData(16, false, 10, 12)]
    [InlineData(48, false, 32, 38)]
    [InlineData(64, false, 44, 52)]
    [InlineData(128, false, 92, 108)]
    [InlineData(256, false, 204, 236)]
    [InlineData(1024, false, 972, 1004)]
    [InlineData(1_048_576, false, 1_048_524, 1_048_556)]
    [InlineData(1, false, 1, 1)]
    [InlineData(20, true, 0, 0)]
    public void A_limit_is_shared_out(long limit, bool isCompiledAsItRuns, long connections, long files) =>
        Assert.Equal(new DescriptorShares(connections, files), DescriptorShares.Of(limit, isCompiledAsItRuns));

    [Fact]
    public async Task A_reader_that_says_how_much_it_needs_gets_it_in_few_segments()
    {
        var (client, server) = await Connect();
        var sent = Bytes(1_000_000, seed: 3);
        var reading = server.Transport.Input.ReadAtLeastAsync(4, _deadline.Token);
        await client.SendAsync(sent.AsMemory(0, 4), _deadline.Token);
        var first = await reading;
        server.Transport.Input.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        var whole = server.Transport.Input.ReadAtLeastAsync(sent.Length, _deadline.Token);
        await Send(client, sent.AsMemory(4));
        var result = await whole;
        Assert.Equal(sent.Length, result.Buffer.Length);
        Assert.True(sent.AsSpan().SequenceEqual(result.Buffer.ToArray()));
        Assert.InRange(Segments(result.Buffer), 1, 2);
        server.Transport.Input.AdvanceTo(result.Buffer.End);
        client.Dispose();
    }

    [Fact]
    public async Task Partly_consumed_bytes_are_shown_again_with_what_follows()
    {
        var (client, server) = await Connect();
        var sent = Bytes(300_000, seed: 4);
        var sending = Send(client, sent);
        var random = new Random(5);
        var seen = 0;
        while (seen < sent.Length)
        {
            var result = await server.Transport.Input.ReadAsync(_deadline.Token);
            var take = random.Next((int)result.Buffer.Length + 1);
            Assert.True(sent.AsSpan(seen, (int)result.Buffer.Length).SequenceEqual(result.Buffer.ToArray()));
            var examined = random.Next(2) == 0 && seen + result.Buffer.Length < sent.Length ? result.Buffer.End : result.Buffer.GetPosition(take);
            server.Transport.Input.AdvanceTo(result.Buffer.GetPosition(take), examined);
            seen += take;
        }

        await sending;
        client.Dispose();
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_its_own_flush_back_and_nothing_else()
    {
        var (client, server) = await Connect();
        var (otherClient, otherServer) = await Connect();
        var answer = Bytes(32 * 1024 * 1024, seed: 6);
        server.Transport.Output.Write(answer);
        var flush = server.Transport.Output.FlushAsync(_deadline.Token).AsTask();
        await Task.Delay(100, _deadline.Token);
        Assert.False(flush.IsCompleted);

        var echo = Echo(otherServer);
        var small = Bytes(10, seed: 7);
        await otherClient.SendAsync(small, _deadline.Token);
        Assert.Equal(small, await Receive(otherClient, small.Length));

        var received = await Receive(client, answer.Length);
        Assert.False((await flush.WaitAsync(_deadline.Token)).IsCompleted);
        Assert.True(answer.AsSpan().SequenceEqual(received));
        otherClient.Dispose();
        client.Dispose();
        await echo.WaitAsync(_deadline.Token);
    }

    [Fact]
    public async Task A_reset_by_the_client_ends_reads_and_the_connection()
    {
        var (client, server) = await Connect();
        var reading = server.Transport.Input.ReadAsync(_deadline.Token);
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
        await Assert.ThrowsAsync<ConnectionResetException>(async () => await reading);
        await Cancelled(server.ConnectionClosed);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_flush_to_a_client_that_is_gone_completes_as_closed()
    {
        var (client, server) = await Connect();
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
        var completed = false;
        for (var i = 0; i < 100 && !completed; i++)
        {
            server.Transport.Output.Write(Bytes(10_000, seed: 8));
            completed = (await server.Transport.Output.FlushAsync(_deadline.Token)).IsCompleted;
        }

        Assert.True(completed);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Abort_ends_a_pending_read()
    {
        var (client, server) = await Connect();
        var reading = server.Transport.Input.ReadAsync(_deadline.Token);
        server.Abort(new ConnectionAbortedException());
        await Assert.ThrowsAnyAsync<IOException>(async () => await reading);
        await Cancelled(server.ConnectionClosed);
        await server.DisposeAsync();
        client.Dispose();
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        var (client, server) = await Connect();
        var input = server.Transport.Input;
        var reading = input.ReadAsync(_deadline.Token);
        input.CancelPendingRead();
        var cancelled = await reading;
        Assert.True(cancelled.IsCanceled);
        input.AdvanceTo(cancelled.Buffer.Start, cancelled.Buffer.End);
        var sent = Bytes(1000, seed: 9);
        await client.SendAsync(sent, _deadline.Token);
        var result = await input.ReadAtLeastAsync(sent.Length, _deadline.Token);
        Assert.Equal(sent, result.Buffer.ToArray());
        input.AdvanceTo(result.Buffer.End);
        client.Dispose();
    }

    [Fact]
    public async Task Quiet_connections_hold_a_small_block_each()
    {
        var clients = new List<Socket>();
        var echoes = new List<Task>();
        var payload = Bytes(200_000, seed: 10);
        for (var i = 0; i < 50; i++)
        {
            var (client, server) = await Connect();
            clients.Add(client);
            echoes.Add(Echo(server));
            var sending = Send(client, payload);
            await Receive(client, payload.Length);
            await sending;
        }

        while (_transport.Pool.RentedBytes > clients.Count * BlockPool.SmallSize)
        {
            await Task.Delay(20, _deadline.Token);
        }

        // They still work after their block was taken back.
        foreach (var client in clients)
        {
            await client.SendAsync(payload.AsMemory(0, 5000), _deadline.Token);
            Assert.Equal(payload[..5000], await Receive(client, 5000));
            client.Dispose();
        }

        await Task.WhenAll(echoes).WaitAsync(_deadline.Token);
        Assert.Equal(0, _transport.OpenConnections);
        while (_transport.Pool.RentedBytes > 0)
        {
            await Task.Delay(20, _deadline.Token);
        }
    }

    [Fact]
    public async Task A_client_that_never_stops_sending_leaves_others_their_turn()
    {
        var busy = new List<(Socket Client, Task Pump, Task Echo)>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token);
        for (var i = 0; i < Environment.ProcessorCount * 2; i++)
        {
            var (client, server) = await Connect();
            busy.Add((client, Pump(client, stop.Token), Drain(server)));
        }

        var (quiet, quietServer) = await Connect();
        var echo = Echo(quietServer);
        for (var round = 0; round < 20; round++)
        {
            await quiet.SendAsync(new byte[10], _deadline.Token);
            await Receive(quiet, 10);
        }

        await stop.CancelAsync();
        foreach (var (client, pump, drain) in busy)
        {
            await pump;
            client.Dispose();
            await drain.WaitAsync(_deadline.Token);
        }

        quiet.Dispose();
        await echo.WaitAsync(_deadline.Token);
    }

    [Fact]
    public async Task Accepting_ends_when_the_listener_is_unbound()
    {
        var accepting = _listener.AcceptAsync(_deadline.Token);
        await _listener.UnbindAsync(_deadline.Token);
        Assert.Null(await accepting);
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _transport.AbortConnections();
        _transport.Dispose();
        _deadline.Dispose();
    }

    private Task<(Socket Client, ConnectionContext Server)> Connect() => Connect(_listener);

    private async Task<(Socket Client, ConnectionContext Server)> Connect(IConnectionListener listener)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var accepting = listener.AcceptAsync(_deadline.Token);
        await client.ConnectAsync(listener.EndPoint, _deadline.Token);
        return (client, (await accepting)!);
    }

    private static async Task Echo(ConnectionContext connection)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        try
        {
            while (true)
            {
                var result = await input.ReadAsync();
                foreach (var segment in result.Buffer)
                {
                    output.Write(segment.Span);
                }

                input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || (await output.FlushAsync()).IsCompleted)
                {
                    break;
                }
            }
        }
        catch (IOException)
        {
        }

        await connection.DisposeAsync();
    }

    private static async Task Drain(ConnectionContext connection)
    {
        try
        {
            while (true)
            {
                var result = await connection.Transport.Input.ReadAsync();
                connection.Transport.Input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (IOException)
        {
        }

        await connection.DisposeAsync();
    }

    private static async Task Pump(Socket client, CancellationToken stop)
    {
        var bytes = new byte[256 * 1024];
        try
        {
            while (true)
            {
                await client.SendAsync(bytes, stop);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task Send(Socket client, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await client.SendAsync(bytes, _deadline.Token)..];
        }
    }

    private async Task<byte[]> Receive(Socket client, int length)
    {
        var bytes = new byte[length];
        for (var received = 0; received < length;)
        {
            var count = await client.ReceiveAsync(bytes.AsMemory(received), _deadline.Token);
            Assert.NotEqual(0, count);
            received += count;
        }

        return bytes;
    }

    private async Task Cancelled(CancellationToken token)
    {
        var cancelled = new TaskCompletionSource();
        await using var registration = token.Register(cancelled.SetResult);
        await cancelled.Task.WaitAsync(_deadline.Token);
    }

    private static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static int Segments(in ReadOnlySequence<byte> buffer)
    {
        var count = 0;
        foreach (var _ in buffer)
        {
            count++;
        }

        return count;
    }
}
