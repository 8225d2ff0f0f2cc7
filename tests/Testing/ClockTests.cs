using Confluent.Kafka;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace KafkaCompat.Testing.Tests;

/// <summary>What follows the broker's clock, and what does not.</summary>
public sealed class ClockTests
{
    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task Append_times_are_the_clocks()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new()
        {
            TimeProvider = _clock,
            Topics = [new("stamped") { Configs = new Dictionary<string, string> { ["message.timestamp.type"] = "LogAppendTime" } }],
        });
        using var producer = broker.Producer();
        await producer.Send("stamped", "now");
        _clock.Advance(TimeSpan.FromDays(3));
        await producer.Send("stamped", "later");
        using var consumer = broker.Consumer();
        consumer.Assign(new TopicPartitionOffset("stamped", 0, Offset.Beginning));
        var now = consumer.Consume(Clients.Patience).Message.Timestamp;
        var later = consumer.Consume(Clients.Patience).Message.Timestamp;
        Assert.Equal((TimestampType.LogAppendTime, _clock.GetUtcNow().ToUnixTimeMilliseconds()), (later.Type, later.UnixTimestampMs));
        Assert.Equal(TimeSpan.FromDays(3).TotalMilliseconds, later.UnixTimestampMs - now.UnixTimestampMs);
    }

    [Fact]
    public async Task Records_expire_by_the_clock()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new()
        {
            TimeProvider = _clock,
            Topics = [new("short") { Configs = new Dictionary<string, string> { ["retention.ms"] = "60000" } }],
        });
        using var producer = broker.Producer();
        await producer.Send("short", "first");
        using var consumer = broker.Consumer();
        var partition = new TopicPartition("short", 0);
        Assert.Equal(0, consumer.QueryWatermarkOffsets(partition, Clients.Patience).Low.Value);
        _clock.Advance(TimeSpan.FromMinutes(10));
        await Clients.Until(() => consumer.QueryWatermarkOffsets(partition, Clients.Patience).Low.Value == 1, "the record has expired");
    }

    /// <summary>As in Apache Kafka, the first look for old records is half a minute after the start.</summary>
    [Fact]
    public async Task Records_with_a_time_of_long_ago_go_unless_retention_is_off()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new()
        {
            TimeProvider = _clock,
            Topics = ["short", new("kept") { Configs = new Dictionary<string, string> { ["retention.ms"] = "-1" } }],
        });
        foreach (var topic in (string[])["kept", "short"])
            await broker.ProduceAsync(topic, [new BrokerRecord { Timestamp = _clock.GetUtcNow().AddDays(-8) }]);
        _clock.Advance(TimeSpan.FromSeconds(30));
        await Clients.Until(() => broker.Records("short").Count == 0, "the record has expired");
        Assert.Single(broker.Records("kept"));
    }

    /// <summary>A day at once: the node's own heartbeats, which nobody turns, must not be missed.</summary>
    [Fact]
    public async Task A_node_keeps_serving_however_its_clock_is_turned()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { TimeProvider = _clock, Topics = ["steady"] });
        using var producer = broker.Producer();
        for (var day = 0; day < 5; day++)
        {
            await producer.Send("steady", $"day {day}");
            _clock.Advance(TimeSpan.FromDays(1));
        }

        await broker.CreateTopicAsync("new");
        await broker.RestartAsync();
        Assert.Equal(5, broker.EndOffset("steady"));
    }

    /// <summary>The clock stands still; a consumer that waits for records does so in real time and goes on.</summary>
    [Fact]
    public async Task A_long_poll_ends_although_the_clock_stands_still()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { TimeProvider = _clock, Topics = ["quiet"] });
        var fetches = broker.Faults.On(Protocol.ApiKey.Fetch).Watch();
        using var consumer = broker.Consumer();
        consumer.Assign(new TopicPartitionOffset("quiet", 0, Offset.Beginning));
        await Clients.Until(() => consumer.Consume(TimeSpan.FromMilliseconds(50)) is null
            && fetches.Hits >= 3, "three fetches that nothing came to were answered");
    }
}
