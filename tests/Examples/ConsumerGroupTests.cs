using Confluent.Kafka;
using KafkaCompat.Testing;
using Xunit;

namespace KafkaCompat.Examples.Tests;

/// <summary>A consumer group against a broker in this process: what is committed is where the next member goes on.</summary>
public sealed class ConsumerGroupTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task The_next_member_of_a_group_goes_on_where_the_last_one_committed()
    {
        await using var broker = await KafkaCompatBroker.StartAsync(new() { Topics = ["orders"] });
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = broker.BootstrapServers }).Build();
        foreach (var order in new[] { "first", "second", "third" })
        {
            await producer.ProduceAsync("orders", new Message<string, string> { Key = "customer", Value = order }, TestContext.Current.CancellationToken);
        }

        using (var consumer = Join(broker))
        {
            Assert.Equal("first", consumer.Consume(Patience).Message.Value);
            var second = consumer.Consume(Patience);
            Assert.Equal("second", second.Message.Value);
            consumer.Commit(second);
            consumer.Close();
        }

        using var successor = Join(broker);
        Assert.Equal("third", successor.Consume(Patience).Message.Value);
        successor.Close();
    }

    private static IConsumer<string, string> Join(KafkaCompatBroker broker)
    {
        var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            GroupId = "billing",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
        }).Build();
        consumer.Subscribe("orders");
        return consumer;
    }
}
