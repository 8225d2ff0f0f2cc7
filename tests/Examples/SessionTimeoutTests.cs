using Confluent.Kafka;
using KafkaCompat.Protocol;
using KafkaCompat.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace KafkaCompat.Examples.Tests;

/// <summary>The session of a member that is gone ends after 45 seconds of the broker's clock, which the test turns.</summary>
public sealed class SessionTimeoutTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Partitions_of_a_member_that_is_gone_pass_on_when_its_session_ends()
    {
        // From now on: records bear the time of real clients, and a broker takes none from the far future.
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var broker = await KafkaCompatBroker.StartAsync(new() { TimeProvider = clock, Topics = ["orders"] });
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = broker.BootstrapServers }).Build();
        await producer.ProduceAsync("orders", new Message<Null, string> { Value = "first" }, TestContext.Current.CancellationToken);

        using (var member = Join(broker, "member"))
        {
            Assert.Equal("first", member.Consume(Patience).Message.Value);
            // A static member leaves without a word, for it will come back.
            member.Close();
        }

        var joins = broker.Faults.On(ApiKey.JoinGroup).Watch();
        using var successor = Join(broker, "successor");
        var consumed = Task.Run(() => successor.Consume(Patience), TestContext.Current.CancellationToken);
        await joins.WhenHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(successor.Assignment);

        clock.Advance(TimeSpan.FromSeconds(46));

        Assert.Equal("first", (await consumed).Message.Value);
        successor.Close();
    }

    private static IConsumer<Ignore, string> Join(KafkaCompatBroker broker, string instance)
    {
        var consumer = new ConsumerBuilder<Ignore, string>(new ConsumerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            GroupId = "billing",
            GroupInstanceId = instance,
            SessionTimeoutMs = 45_000,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
        }).Build();
        consumer.Subscribe("orders");
        return consumer;
    }
}
