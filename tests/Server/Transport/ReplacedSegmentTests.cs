using System.Buffers;
using System.Net;
using System.Net.Sockets;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Server.Transport;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace KafkaCompat.Server.Tests.Transport;

/// <summary>
/// What a fetch found is sent by sendfile from the segment that it found, whatever the log has in its place when the remote end takes it at last.
/// </summary>
public sealed class ReplacedSegmentTests : IAsyncLifetime
{
    private const int RecordBytes = 1 << 20;
    private const int Records = 24;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-replaced-");
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromMinutes(2));
    private readonly SocketTransport _transport = new(new SocketTransportOptions(), TimeProvider.System);
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly LogSettings _settings = LogSettings.Default with { IsCompacted = true, RetentionMs = -1, FileDeleteDelayMs = 0 };
    private IConnectionListener _listener = null!;
    private ConnectionContext _connection = null!;
    private PartitionLog _log = null!;

    public async ValueTask InitializeAsync()
    {
        _listener = await _transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), _deadline.Token);
        var accepting = _listener.AcceptAsync(_deadline.Token);
        await _client.ConnectAsync(_listener.EndPoint, _deadline.Token);
        _connection = (await accepting)!;
        var environment = new LogEnvironment(new DiskFileStore(), TimeProvider.System, new Random(1));
        _log = PartitionLog.Open(environment, Path.Combine(_folder.FullName, "t-0"), new TopicPartition("t", 0), _settings, new LogOpening(IsClean: false));
        for (var i = 0; i < Records; i++)
        {
            _ = _log.Append(new ReadOnlySequence<byte>(Batch(i, seed: 1)));
        }

        _log.Roll();
    }

    public async ValueTask DisposeAsync()
    {
        _log.Dispose();
        _client.Dispose();
        await _listener.DisposeAsync();
        _transport.Dispose();
        _deadline.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("replaced")]
    [InlineData("deleted")]
    [InlineData("started over")]
    public async Task A_region_that_is_being_sent_arrives_whole_whatever_becomes_of_its_segment(string fate)
    {
        byte[] expected = [.. Enumerable.Range(0, Records).SelectMany(static i => Batch(i, seed: 1))];
        var output = _connection.Transport.Output;
        var read = _log.Read(0, int.MaxValue, long.MaxValue, minOneBatch: true);
        Assert.Equal(expected.Length, read.Length);
        using (var region = read.Region!)
        {
            ((IRegionSink)output).Accept(region);
        }

        // The remote end has taken a part, and the rest waits in the file for room in the socket.
        var flush = output.FlushAsync(_deadline.Token).AsTask();
        var received = new byte[expected.Length];
        var at = await _client.ReceiveAsync(received.AsMemory(0, RecordBytes), _deadline.Token);
        Assert.False(flush.IsCompleted);
        switch (fate)
        {
            case "replaced":
                var beside = _log.CreateBeside(0);
                beside.Append(BatchRun.Read(new ReadOnlySequence<byte>(Batch(3, seed: 2))), 4096);
                Assert.True(_log.ReplaceSegments(_log.SealedSegments, [beside]));
                Assert.Equal(Batch(3, seed: 2), Read(0));
                break;
            case "deleted":
                Assert.True(_log.AdvanceLogStart(Records));
                Assert.Equal(1, _log.ApplyRetention(0, highWatermark: Records));
                break;
            default:
                _log.TruncateFullyAt(0);
                _ = _log.Append(new ReadOnlySequence<byte>(Batch(0, seed: 2)));
                Assert.Equal(Batch(0, seed: 2), Read(0));
                break;
        }

        _log.DeleteDue(long.MaxValue - 1);
        Assert.Empty(Directory.GetFiles(_log.Folder, "*.deleted"));
        while (at < received.Length)
        {
            var count = await _client.ReceiveAsync(received.AsMemory(at), _deadline.Token);
            Assert.NotEqual(0, count);
            at += count;
        }

        Assert.True(expected.AsSpan().SequenceEqual(received));
        Assert.False((await flush).IsCompleted);
        await _connection.DisposeAsync();
    }

    private byte[] Read(long offset)
    {
        using var region = _log.Read(offset, int.MaxValue, long.MaxValue, minOneBatch: true).Region!;
        return region.ToArray();
    }

    private static byte[] Batch(long offset, int seed)
    {
        var value = new byte[RecordBytes];
        new Random(seed * 1_000 + (int)offset).NextBytes(value);
        using var builder = new RecordBatchBuilder { BaseOffset = offset, PartitionLeaderEpoch = 0 };
        builder.Append(1_700_000_000_000 + offset, NullableBytes.Null, value);
        return builder.ToArray();
    }
}
