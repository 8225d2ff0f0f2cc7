using System.Diagnostics.Metrics;
using System.Text;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Broker.Tests.Time;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Clients that push metrics: refusals as Apache Kafka 4.4 gave them to the same requests, and what becomes of what was pushed.</summary>
public sealed class TelemetryTests : IAsyncLifetime
{
    private static readonly ConfigResource Subscription = new(ConfigResourceType.ClientMetrics, "s");

    private readonly ManualTime _time = new();
    private TestNode _node = null!;
    private MemoryClient _client = null!;

    public ValueTask InitializeAsync()
    {
        _node = TestNode.Start(time: _time);
        _client = _node.Connect();
        _node.Configure(Subscription, "interval.ms", "1000");
        _node.Configure(Subscription, "metrics", "org.apache.kafka.producer.,org.apache.kafka.consumer.");
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_client_is_told_what_to_push_and_no_sooner_than_its_interval_again()
    {
        var told = await Get(Uuid.Zero);
        Assert.NotEqual(Uuid.Zero, told.ClientInstanceId);
        Assert.Equal((ErrorCode.None, 1000, 1_048_576, true), (told.ErrorCode, told.PushIntervalMs, told.TelemetryMaxBytes, told.DeltaTemporality));
        Assert.Equal([4, 3, 1, 2], told.AcceptedCompressionTypes.Select(static codec => (int)codec));
        Assert.Equal(["org.apache.kafka.consumer.", "org.apache.kafka.producer."], told.RequestedMetrics.Order(StringComparer.Ordinal));
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, (await Get(told.ClientInstanceId)).ErrorCode);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(told.SubscriptionId, (await Get(told.ClientInstanceId)).SubscriptionId);
    }

    [Fact]
    public async Task Nothing_of_it_is_advertised_or_answered_where_it_is_off()
    {
        await using var node = TestNode.Start(settings: ("kafkacompat.client.telemetry", "false"));
        var versions = await node.Connect().Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }, 4);
        Assert.DoesNotContain(versions.ApiKeys, static key => (ApiKey)key.ApiKey is ApiKey.GetTelemetrySubscriptions or ApiKey.PushTelemetry);
        var client = node.Connect();
        await client.Post(new GetTelemetrySubscriptionsRequest(), 0);
        Assert.Null(await client.Receive());
    }

    [Fact]
    public async Task Subscriptions_are_for_the_clients_that_they_match_and_change_while_clients_push()
    {
        _node.Configure(Subscription, "match", "client_id=pro.*");
        Assert.Empty((await Get(new Uuid(1, 1))).RequestedMetrics);
        _node.Configure(Subscription, "match", "client_id=te.t");
        _time.Advance(TimeSpan.FromMinutes(6));
        var told = await Get(new Uuid(1, 1));
        Assert.Equal(2, told.RequestedMetrics.Count);
        _node.Configure(Subscription, "metrics", "*");
        Assert.Equal(ErrorCode.UnknownSubscriptionId, await Push(told, []));
        Assert.Equal("*", Assert.Single((await Get(told.ClientInstanceId)).RequestedMetrics));
    }

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
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(expected, await Push(told, bytes, codec));
        }
        Assert.Equal(ErrorCode.None, await Push(told, [], terminating: true));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.InvalidRequest, await Push(told, []));
    }

    [Fact]
    public async Task What_is_pushed_can_be_measured_until_the_client_leaves()
    {
        using var listener = new MeterListener();
        var seen = new Dictionary<string, (double Value, string Tags)>();
        listener.InstrumentPublished = (instrument, on) =>
        {
            if (instrument.Meter == _node.Broker.Telemetry.Meter.Meter) on.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
            seen[instrument.Name] =
                (value, string.Join(' ', tags.ToArray().Where(static tag => tag.Key != "client_instance_id").Select(static tag => $"{tag.Key}={tag.Value}"))));
        listener.Start();
        var told = await Get(Uuid.Zero);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(ErrorCode.None, await Push(told, MetricsData("org.apache.kafka.producer.rate", 2.5, "org.apache.kafka.producer.sent", 3)));
            _time.Advance(TimeSpan.FromSeconds(1));
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

    private Task<GetTelemetrySubscriptionsResponse> Get(Uuid id) =>
        _client.Ask<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(new() { ClientInstanceId = id }, 0);

    private async Task<ErrorCode> Push(GetTelemetrySubscriptionsResponse told, byte[] bytes, sbyte codec = 0, bool terminating = false, Uuid? id = null)
    {
        var request = new PushTelemetryRequest
        {
            ClientInstanceId = id ?? told.ClientInstanceId,
            SubscriptionId = told.SubscriptionId,
            Metrics = bytes,
            CompressionType = codec,
            Terminating = terminating,
        };
        return (await _client.Ask<PushTelemetryRequest, PushTelemetryResponse>(request, 0)).ErrorCode;
    }
}
