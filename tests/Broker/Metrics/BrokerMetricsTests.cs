using System.Diagnostics.Metrics;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Metrics;

/// <summary>What the meter of a broker says, to any listener.</summary>
public sealed class BrokerMetricsTests
{
    [Fact]
    public async Task Past_the_bound_topics_are_counted_together()
    {
        await using var node = TestNode.Start();
        var create = new CreateTopicsRequest { TimeoutMs = 60_000 };
        for (var i = 0; i < TopicTotals.MaxTopics + 2; i++) create.Topics.Add(new() { Name = $"t{i:D5}", NumPartitions = 1, ReplicationFactor = 1 });
        var client = node.Connect();
        _ = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(create, 7);
        var batch = Records.Batch();
        foreach (var topic in (string[])["t00000", $"t{TopicTotals.MaxTopics:D5}", $"t{TopicTotals.MaxTopics + 1:D5}"])
            _ = await Records.Send(client, topic, batch);
        var totals = TopicTotals.Of(node.Broker.Partitions);
        Assert.Equal(TopicTotals.MaxTopics + 1, totals.Topics.Count);
        Assert.Equal(batch.Length, totals.Topics["t00000"].BytesIn);
        Assert.Equal(2 * batch.Length, totals.Topics[TopicTotals.Others].BytesIn);
        Assert.Equal(TopicTotals.MaxTopics + 2, totals.Leaders);
        client.CloseSending();
    }

    [Fact]
    public async Task Partitions_under_their_minimum_are_counted()
    {
        await using var node = TestNode.Start();
        _ = await node.CreateTopic("enough", 2);
        _ = await node.CreateTopic("few", 3);
        node.Configure(Cluster.Metadata.ConfigResource.Topic("few"), "min.insync.replicas", "2");
        var totals = TopicTotals.Of(node.Broker.Partitions);
        Assert.Equal((3, 2, 5), (totals.UnderMinIsr, totals.AtMinIsr, totals.Leaders));
    }

    [Fact]
    public async Task A_listener_of_the_meter_hears_every_metric_and_nothing_of_another_node()
    {
        await using var one = TestNode.Start();
        await using var two = TestNode.Start();
        await Ask(one);
        using var metrics = new BrokerMetrics(one.Broker, TestNode.Quorum, static () => 0, static () => false, "1", TimeProvider.System);
        using var others = new BrokerMetrics(two.Broker, TestNode.Quorum, static () => 0, static () => true, "1", TimeProvider.System);
        var heard = new Dictionary<string, double>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) => { if (instrument.Meter == metrics.Metrics.Meter) l.EnableMeasurementEvents(instrument); },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => heard[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => heard[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(1, heard["kafka.requests"]);
        Assert.Equal(1, heard["kafka.request.time.count"]);
        Assert.Equal(3, heard["kafka.broker.state"]);
        Assert.Equal(100, heard["kafka.quorum.high.watermark"]);
        Assert.Equal(metrics.Metrics.Definitions.Select(static d => d.Name).Distinct().Count(), metrics.Metrics.Definitions.Count);
    }

    private static async Task Ask(TestNode node)
    {
        var client = node.Connect();
        _ = await client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new ApiVersionsRequest { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }, 3);
        client.CloseSending();
        await client.Served;
    }
}
