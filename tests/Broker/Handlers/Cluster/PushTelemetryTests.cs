using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Clients that push metrics: refusals as Apache Kafka 4.4 gave them to the same requests, and what becomes of what was pushed.</summary>
public sealed class PushTelemetryTests : TelemetryOfNode
{
    [Fact]
    public async Task Refusals_are_Kafkas()
    {
        var told = await Get(Uuid.Zero);
        Assert.Equal(ErrorCode.InvalidRequest, await Push(told, [], id: Uuid.Zero));
        Assert.Equal(ErrorCode.None, await Push(told, []));
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, await Push(told, []));
        foreach (var (bytes, codec, expected) in new (byte[], sbyte, ErrorCode)[]
            {
                ([1, 2], 9, ErrorCode.UnsupportedCompressionType), ([1, 2], 1, ErrorCode.InvalidRecord), ([0xFF, 0xFF], 0, ErrorCode.InvalidRecord),
                (new byte[1_100_000], 0, ErrorCode.TelemetryTooLarge),
            })
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(expected, await Push(told, bytes, codec));
        }
        Assert.Equal(ErrorCode.None, await Push(told, [], terminating: true));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.InvalidRequest, await Push(told, []));
    }

    [Fact]
    public async Task A_clients_last_push_may_come_at_any_time_and_of_an_old_subscription_none_may()
    {
        var told = await Get(Uuid.Zero);
        Assert.Equal(ErrorCode.None, await Push(told, []));
        Assert.Equal(ErrorCode.None, await Push(told, [], terminating: true));
        var other = await Get(Uuid.Zero);
        Node.Configure(Subscription, "metrics", "*");
        Assert.Equal(ErrorCode.UnknownSubscriptionId, await Push(other, []));
        // Sent back for it, the client may ask at once.
        Assert.Equal(ErrorCode.None, (await Get(other.ClientInstanceId)).ErrorCode);
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task A_push_may_be_compressed_by_any_codec(CompressionType codec)
    {
        var told = await Get(Uuid.Zero);
        var output = new ArrayBufferWriter<byte>();
        CompressionCodecs.Get(codec).Compress(new ReadOnlySequence<byte>(MetricsData("a.b", 1, "c.d", 2)), output, 1);
        Assert.Equal(ErrorCode.None, await Push(told, output.WrittenSpan.ToArray(), (sbyte)codec));
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, await Push(told, []));
    }

    [Fact]
    public async Task What_is_pushed_can_be_measured_until_the_client_leaves()
    {
        using var listener = new MeterListener();
        var seen = new Dictionary<string, (double Value, string Tags)>();
        listener.InstrumentPublished = (instrument, on) =>
        {
            if (instrument.Meter == Node.Broker.Telemetry.Meter.Meter) on.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
            seen[instrument.Name] =
                (value, string.Join(' ', tags.ToArray().Where(static tag => tag.Key != "client_instance_id").Select(static tag => $"{tag.Key}={tag.Value}"))));
        listener.Start();
        var told = await Get(Uuid.Zero);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(ErrorCode.None, await Push(told, MetricsData("org.apache.kafka.producer.rate", 2.5, "org.apache.kafka.producer.sent", 3)));
            Time.Advance(TimeSpan.FromSeconds(1));
        }
        listener.RecordObservableInstruments();
        Assert.Equal((2.5, "client_id=test node=7"), seen["org.apache.kafka.producer.rate"]);
        Assert.Equal(6, seen["org.apache.kafka.producer.sent.total"].Value);
        Assert.Equal(ErrorCode.None, await Push(told, [], terminating: true));
        seen.Clear();
        listener.RecordObservableInstruments();
        Assert.Empty(seen);
    }

    [Fact]
    public void Damaged_metrics_are_refused_or_read_and_never_more_than_that()
    {
        var whole = MetricsData("a.b", 1, "c.d", 2);
        Assert.Equal(2, OtlpMetrics.Read(whole)!.Count);
        for (var i = 0; i < whole.Length; i++)
        {
            _ = OtlpMetrics.Read(whole.AsSpan(0, i));
            for (var bit = 0; bit < 8; bit++)
            {
                var damaged = (byte[])whole.Clone();
                damaged[i] ^= (byte)(1 << bit);
                _ = OtlpMetrics.Read(damaged);
            }
        }
    }

    /// <summary>A gauge and a sum of deltas, of one resource.</summary>
    private static byte[] MetricsData(string gauge, double gaugeValue, string sum, long sumValue)
    {
        byte[] attribute = [.. Field(1, Encoding.UTF8.GetBytes("node")), .. Field(2, Field(1, Encoding.UTF8.GetBytes("7")))];
        byte[] gaugePoint = [.. Field(7, attribute), 0x21, .. BitConverter.GetBytes(gaugeValue)];
        byte[] sumPoint = [0x31, .. BitConverter.GetBytes(sumValue)];
        byte[] first = [.. Field(1, Encoding.UTF8.GetBytes(gauge)), .. Field(5, Field(1, gaugePoint))];
        byte[] second = [.. Field(1, Encoding.UTF8.GetBytes(sum)), .. Field(7, [.. Field(1, sumPoint), 0x10, 0x01, 0x18, 0x01])];
        return Field(1, Field(2, [.. Field(2, first), .. Field(2, second)]));
    }

    private static byte[] Field(int number, byte[] content)
    {
        var bytes = new List<byte> { (byte)((number << 3) | 2) };
        var length = content.Length;
        for (; length >= 0x80; length >>= 7) bytes.Add((byte)((length & 0x7F) | 0x80));
        bytes.Add((byte)length);
        bytes.AddRange(content);
        return [.. bytes];
    }
}
