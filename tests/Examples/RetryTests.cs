using Confluent.Kafka;
using KafkaCompat.Protocol;
using KafkaCompat.Testing;
using Xunit;
// Confluent.Kafka has a type of this name too.
using ErrorCode = KafkaCompat.Protocol.ErrorCode;

namespace KafkaCompat.Examples.Tests;

/// <summary>A broker that refuses, and one whose answers are lost: what a producer makes of it.</summary>
public sealed class RetryTests
{
    [Fact]
    public async Task A_record_is_delivered_although_the_broker_refuses_it_three_times()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["orders"] });
        var refused = broker.Faults.On(ApiKey.Produce).Fail(ErrorCode.NotLeaderOrFollower, times: 3);
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = broker.BootstrapServers }).Build();

        var delivered = await producer.ProduceAsync("orders", new Message<Null, string> { Value = "first" }, TestContext.Current.CancellationToken);

        Assert.Equal(PersistenceStatus.Persisted, delivered.Status);
        Assert.Equal(3, refused.Hits);
        Assert.Equal(1, broker.EndOffset("orders"));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task Only_an_idempotent_producer_writes_once_where_an_answer_is_lost(bool idempotent, long written)
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["orders"] });
        broker.Faults.On(ApiKey.Produce).DropAnswer(times: 1);
        var config = new ProducerConfig { BootstrapServers = broker.BootstrapServers, EnableIdempotence = idempotent };
        using var producer = new ProducerBuilder<Null, string>(config).Build();

        await producer.ProduceAsync("orders", new Message<Null, string> { Value = "first" }, TestContext.Current.CancellationToken);

        Assert.Equal(written, broker.EndOffset("orders"));
    }
}
