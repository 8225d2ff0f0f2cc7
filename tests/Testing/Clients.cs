using Confluent.Kafka;
using Xunit;

namespace KafkaCompat.Testing.Tests;

/// <summary>Clients as the tests want them.</summary>
internal static class Clients
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static IProducer<Null, string> Producer(this KafkaCompatBroker broker, bool idempotent = false) =>
        new ProducerBuilder<Null, string>(new ProducerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            EnableIdempotence = idempotent,
            ReconnectBackoffMs = 10,
            RetryBackoffMs = 10,
        }).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();

    public static IConsumer<Ignore, string> Consumer(this KafkaCompatBroker broker, string group = "group") =>
        new ConsumerBuilder<Ignore, string>(new ConsumerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            GroupId = group,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            ReconnectBackoffMs = 10,
        }).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();

    public static IAdminClient Admin(this KafkaCompatBroker broker) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.BootstrapServers }).SetLogHandler(static (_, _) => { }).Build();

    public static Task<DeliveryResult<Null, string>> Send(this IProducer<Null, string> producer, string topic, string value) =>
        producer.ProduceAsync(topic, new Message<Null, string> { Value = value }, TestContext.Current.CancellationToken);

    /// <summary>The values of a partition from its start, as a client without a group reads them.</summary>
    public static List<string> ReadAll(this KafkaCompatBroker broker, string topic, int count)
    {
        using var consumer = broker.Consumer();
        consumer.Assign(new TopicPartitionOffset(topic, 0, Offset.Beginning));
        var values = new List<string>();
        while (values.Count < count && consumer.Consume(Patience) is { } record) values.Add(record.Message.Value);
        return values;
    }

    /// <summary>Looks again until it is so.</summary>
    public static async Task Until(Func<bool> condition, string what)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < Patience, $"It did not come to be within {Patience}: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
