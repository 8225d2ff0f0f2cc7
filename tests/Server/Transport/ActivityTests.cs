using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Server.Transport;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace KafkaCompat.Server.Tests.Transport;

/// <summary>The transport notes each byte that goes, so that a transfer that takes long does not look like silence.</summary>
public sealed class ActivityTests : IAsyncLifetime
{
    private const int Length = 20_000_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-activity-");
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromMinutes(2));
    private readonly SocketTransport _transport = new(new SocketTransportOptions { SendBufferBytes = 100 * 1024 }, TimeProvider.System);
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 64 * 1024 };
    private readonly ConnectionActivity _activity = new(TimeProvider.System);
    private IConnectionListener _listener = null!;
    private ConnectionContext _connection = null!;

    public async ValueTask InitializeAsync()
    {
        SocketTransport.CompleteInline();
        _listener = await _transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), _deadline.Token);
        var accepting = _listener.AcceptAsync(_deadline.Token);
        await _client.ConnectAsync(_listener.EndPoint, _deadline.Token);
        _connection = (await accepting)!;
        ((IMeasuredTransport)_connection).Note(_activity);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _connection.DisposeAsync();
        await _listener.DisposeAsync();
        _transport.Dispose();
        _deadline.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Each_piece_of_a_frame_is_noted_although_its_reader_waits_for_the_whole()
    {
        var reading = _connection.Transport.Input.ReadAtLeastAsync(1_000_000, _deadline.Token);
        for (var piece = 0; piece < 10; piece++)
        {
            var before = _activity.LastReceived;
            await _client.SendAsync(new byte[1_000], _deadline.Token);
            await Eventually.Is(() => _activity.LastReceived > before);
        }

        Assert.False(reading.IsCompleted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_piece_that_a_slow_remote_end_takes_is_noted_although_the_answer_is_not_through(bool isOfFile)
    {
        var output = _connection.Transport.Output;
        if (isOfFile)
        {
            var path = Path.Combine(_folder.FullName, "segment");
            await File.WriteAllBytesAsync(path, new byte[Length], _deadline.Token);
            using var file = new DiskFileStore().Open(path, FileOpening.Read);
            using var region = FileRegion.TryCreate(file, 0, Length)!;
            ((IRegionSink)output).Accept(region);
        }
        else
        {
            output.GetSpan(Length).Clear();
            output.Advance(Length);
        }

        var flushing = output.FlushAsync(_deadline.Token).AsTask();
        Assert.False(flushing.IsCompleted);

        // What waits for the remote end stands on the disk, or counts.
        Assert.InRange(output.UnflushedBytes, isOfFile ? 0 : Length, isOfFile ? 0 : Length);
        var piece = new byte[50_000];
        for (var taken = 0; taken < 20; taken++)
        {
            // The sender needs a moment to note what it has sent: who went on reading meanwhile could have read all of it.
            var before = _activity.LastSent;
            await Eventually.Is(async () =>
            {
                if (_client.Available > 0) Assert.NotEqual(0, await _client.ReceiveAsync(piece, _deadline.Token));
                return _activity.LastSent != before;
            });
        }

        Assert.False(flushing.IsCompleted);
        Assert.InRange(_transport.Pool.RentedBytes, 0, isOfFile ? 2 * BlockPool.StandardSize : Length + BlockPool.StandardSize);
    }

    [Fact]
    public async Task What_the_remote_end_has_not_read_is_told_after_the_socket_has_taken_it()
    {
        var transport = (IMeasuredTransport)_connection;
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what a socket's queue holds.");
        Assert.Equal(0, transport.UntakenBytes);

        // More than the remote end's buffer holds, and no more than both do.
        const int sent = 150_000;
        _ = await _connection.Transport.Output.WriteAsync(new byte[sent], _deadline.Token);
        var before = transport.UntakenBytes;
        Assert.InRange(before!.Value, 1, sent);
        for (var (read, buffer) = (0, new byte[sent]); read < sent;)
        {
            read += await _client.ReceiveAsync(buffer, _deadline.Token);
        }

        await Eventually.Is(() => transport.UntakenBytes == 0);
        await _connection.DisposeAsync();
        Assert.Null(transport.UntakenBytes);
    }

    [Fact]
    public async Task A_remote_end_that_resets_the_connection_within_a_file_ends_the_flush_and_holds_nothing()
    {
        var path = Path.Combine(_folder.FullName, "segment");
        await File.WriteAllBytesAsync(path, new byte[Length], _deadline.Token);
        using var file = new DiskFileStore().Open(path, FileOpening.Read);
        var output = _connection.Transport.Output;
        using (var region = FileRegion.TryCreate(file, 0, Length)!)
        {
            ((IRegionSink)output).Accept(region);
        }

        var flushing = output.FlushAsync(_deadline.Token).AsTask();
        Assert.NotEqual(0, await _client.ReceiveAsync(new byte[10_000], _deadline.Token));
        _client.LingerState = new LingerOption(true, 0);
        _client.Dispose();
        Assert.True((await flushing).IsCompleted);
        await _connection.DisposeAsync();
        Assert.Equal(0, _transport.Pool.RentedBytes);
    }
}
