using System.Net;
using System.Net.Sockets;
using KafkaCompat.Protocol;
using KafkaCompat.Server.Transport;
using KafkaCompat.Storage.Files;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace KafkaCompat.Server.Tests.Transport;

/// <summary>Regions of files between written bytes: they arrive in their place, whoever is slow and whatever becomes of the file.</summary>
public sealed class RegionTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-regions-");
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromMinutes(2));
    private readonly SocketTransport _transport = new(new SocketTransportOptions(), TimeProvider.System);
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private IConnectionListener _listener = null!;
    private ConnectionContext _connection = null!;

    public async ValueTask InitializeAsync()
    {
        _listener = await _transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), _deadline.Token);
        var accepting = _listener.AcceptAsync(_deadline.Token);
        await _client.ConnectAsync(_listener.EndPoint, _deadline.Token);
        _connection = (await accepting)!;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _listener.DisposeAsync();
        _transport.Dispose();
        _deadline.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(32 * 1024)]
    [InlineData(20_000_000)]
    public async Task Regions_arrive_between_the_bytes_around_them(int length)
    {
        var content = new byte[length + 50];
        new Random(length).NextBytes(content);
        var path = Path.Combine(_folder.FullName, "segment");
        await File.WriteAllBytesAsync(path, content, _deadline.Token);
        var store = new DiskFileStore();
        var file = store.Open(path, FileOpening.Read);
        var flush = WriteTwice(_connection, file, length);
        file.Dispose();
        File.Delete(path);

        byte[] expected = [1, 2, 3, .. content.AsSpan(50, length), 4, 5, .. content.AsSpan(50, length), 6];
        var received = new byte[expected.Length];
        for (var at = 0; at < received.Length;)
        {
            var count = await _client.ReceiveAsync(received.AsMemory(at), _deadline.Token);
            Assert.NotEqual(0, count);
            at += count;
        }

        Assert.True(expected.AsSpan().SequenceEqual(received));
        Assert.False((await flush).IsCompleted);
        Assert.Equal(0, _transport.Pool.RentedBytes);
        await _connection.DisposeAsync();
    }

    [Fact]
    public async Task A_disk_that_refuses_what_is_sent_from_it_is_told_of_and_the_remote_end_is_let_go()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is Linux's");

        // The first page of a process is never mapped: reading it is an I/O error, as of a disk.
        using var file = new DiskFileStore().Open("/proc/self/mem", FileOpening.Read);
        var health = new DirectoryHealth();
        var output = _connection.Transport.Output;
        using (var region = FileRegion.TryCreate(file, 0, 64 * 1024, health)!)
        {
            ((IRegionSink)output).Accept(region);
        }

        Assert.True((await output.FlushAsync(_deadline.Token)).IsCompleted);
        Assert.True(health.IsFailed);
        await _connection.DisposeAsync();
        Assert.Equal(0, _transport.Pool.RentedBytes);
    }

    [Fact]
    public async Task A_file_that_ends_within_what_is_sent_from_it_fails_the_flush_so_that_it_is_logged()
    {
        var path = Path.Combine(_folder.FullName, "short");
        await File.WriteAllBytesAsync(path, new byte[2 * SendFile.WorthwhileFrom], _deadline.Token);
        using var file = new DiskFileStore().Open(path, FileOpening.Read);
        var output = _connection.Transport.Output;
        using (var region = FileRegion.TryCreate(file, 0, 2 * SendFile.WorthwhileFrom)!)
        {
            ((IRegionSink)output).Accept(region);
        }

        await File.WriteAllBytesAsync(path, new byte[SendFile.WorthwhileFrom], _deadline.Token);
        _ = await Assert.ThrowsAsync<EndOfStreamException>(async () => await output.FlushAsync(_deadline.Token));
        await _connection.DisposeAsync();
        Assert.Equal(0, _transport.Pool.RentedBytes);
    }

    private static Task<System.IO.Pipelines.FlushResult> WriteTwice(ConnectionContext connection, StoredFile file, int length)
    {
        var output = connection.Transport.Output;
        var writer = new WireWriter(output, (IRegionSink)output);
        writer.WriteByte(1);
        writer.WriteInt16(0x0203);
        Region(ref writer);
        writer.WriteInt16(0x0405);
        Region(ref writer);
        writer.WriteByte(6);
        writer.Flush();
        return output.FlushAsync().AsTask();

        void Region(ref WireWriter writer)
        {
            writer.Flush();
            using var region = FileRegion.TryCreate(file, 50, length)!;
            ((IRegionSink)output).Accept(region);
        }
    }
}
