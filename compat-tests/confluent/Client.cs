using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace KafkaCompat.Compat.Confluent;

/// <summary>What the scenarios share: clients of one broker, reading to the end, answers in a form that compares.</summary>
public sealed class Client(BrokerProcess broker)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public Task RestartAsync() => broker.RestartAsync();

    public IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).SetLogHandler((_, _) => { }).Build();

    public IProducer<byte[]?, byte[]?> Producer(Action<ProducerConfig>? adjust = null)
    {
        var config = new ProducerConfig { BootstrapServers = broker.Bootstrap, LingerMs = 1 };
        adjust?.Invoke(config);
        return new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
    }

    public IConsumer<byte[]?, byte[]?> Consumer(string group = "unused", Action<ConsumerConfig>? adjust = null)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = broker.Bootstrap,
            GroupId = group,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            HeartbeatIntervalMs = 300,
            SessionTimeoutMs = 10000,
        };
        adjust?.Invoke(config);
        return new ConsumerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
    }

    public async Task<string> CreateAsync(string topic, int partitions = 1)
    {
        using var admin = Admin();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
        await UntilAsync(() => admin.GetMetadata(topic, Patience).Topics[0].Partitions.Count == partitions);
        return topic;
    }

    /// <summary>Ten records a second apart in partition 0.</summary>
    public async Task NumberedAsync(string topic)
    {
        using var producer = Producer();
        for (var i = 0; i < 10; i++)
        {
            await producer.ProduceAsync(new TopicPartition(topic, 0), new Message<byte[]?, byte[]?>
            {
                Value = Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture)),
                Timestamp = new Timestamp(1_700_000_000_000 + 1000 * i, TimestampType.CreateTime),
            });
        }
    }

    /// <summary>The next records, as many as asked for or as came in time.</summary>
    public static List<ConsumeResult<byte[]?, byte[]?>> Read(IConsumer<byte[]?, byte[]?> consumer, int count, TimeSpan? limit = null)
    {
        var records = new List<ConsumeResult<byte[]?, byte[]?>>();
        var started = Stopwatch.StartNew();
        while (records.Count < count && started.Elapsed < (limit ?? Patience))
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { } record)
            {
                records.Add(record);
            }
        }

        return records;
    }

    public List<ConsumeResult<byte[]?, byte[]?>> ReadAll(string topic)
    {
        using var consumer = Consumer();
        var partition = new TopicPartition(topic, 0);
        var end = consumer.QueryWatermarkOffsets(partition, Patience).High.Value;
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        return Read(consumer, (int)end);
    }

    public static object Row(ConsumeResult<byte[]?, byte[]?> record) =>
        new object?[] { record.Partition.Value, record.Offset.Value, Shown(record.Message.Key), Shown(record.Message.Value) };

    /// <summary>A key or value as the answers show it: null, text, a digest of long bytes, else base64.</summary>
    public static string? Shown(byte[]? bytes)
    {
        if (bytes is null)
        {
            return null;
        }

        if (bytes.Length > 100)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{bytes.Length} bytes {Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]}");
        }

        var text = Encoding.UTF8.GetString(bytes);
        return Encoding.UTF8.GetBytes(text).AsSpan().SequenceEqual(bytes) ? text : "base64 " + Convert.ToBase64String(bytes);
    }

    /// <summary>The name of the error that an action ends with, or "ok".</summary>
    public static async Task<string> AttemptAsync(Func<Task> action)
    {
        try
        {
            await action();
            return "ok";
        }
        catch (CreateTopicsException e)
        {
            return e.Results[0].Error.Code.ToString();
        }
        catch (DeleteTopicsException e)
        {
            return e.Results[0].Error.Code.ToString();
        }
        catch (KafkaException e)
        {
            return e.Error.Code.ToString();
        }
    }

    public static async Task UntilAsync(Func<bool> condition)
    {
        var started = Stopwatch.StartNew();
        while (!condition() && started.Elapsed < Patience)
        {
            await Task.Delay(20);
        }
    }
}
