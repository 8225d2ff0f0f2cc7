using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Confluent.Kafka;

namespace KafkaCompat.Compat.Confluent;

/// <summary>
/// An idempotent producer that sends the numbers 0, 1, 2… to each partition and keeps what was acknowledged. In a log without loss and without
/// duplicates each partition holds 0, 1, 2… in order, as far as anything acknowledged reaches.
/// </summary>
internal sealed class KillLoad : IAsyncDisposable
{
    public const int Partitions = 3;
    private const int RecordsPerBurst = 20;
    private static readonly TimeSpan BetweenBursts = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(60);

    private readonly Client _client;
    private readonly string _topic;
    private readonly IProducer<byte[]?, byte[]?> _producer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _sending;
    private readonly int[] _sent = new int[Partitions];
    private readonly ConcurrentDictionary<(int Partition, long Offset), int> _acknowledged = new();
    private readonly ConcurrentQueue<string> _refused = new();

    public KillLoad(Client client, string topic)
    {
        (_client, _topic) = (client, topic);
        _producer = client.Producer(c =>
        {
            c.EnableIdempotence = true;
            c.Acks = Acks.All;
            c.MessageTimeoutMs = 300_000;
            c.RetryBackoffMs = 50;
            c.ReconnectBackoffMaxMs = 500;
        });
        _sending = Task.Run(SendAsync);
    }

    public int Acknowledged => _acknowledged.Count;

    /// <summary>Stops sending and waits until every record has its answer.</summary>
    public async Task FinishAsync()
    {
        await _stopping.CancelAsync();
        await _sending;
        _producer.Flush(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _sending;
        _producer.Dispose();
        _stopping.Dispose();
    }

    /// <summary>What is wrong with the log, or null.</summary>
    public string? Verify(bool finished = false)
    {
        var promised = _acknowledged.ToArray();
        if (_refused.TryPeek(out var refusal))
        {
            return $"{_refused.Count} records were refused: {refusal}";
        }

        for (var partition = 0; partition < Partitions; partition++)
        {
            var values = Read(partition);
            for (var i = 0; i < values.Count; i++)
            {
                if (values[i] != i)
                {
                    return $"partition {partition} holds {values[i]} at offset {i}: {(values[i] < i ? "a duplicate" : "a loss")}";
                }
            }

            var last = promised.Where(a => a.Key.Partition == partition).Select(a => a.Key.Offset).DefaultIfEmpty(-1).Max();
            if (last >= values.Count)
            {
                return $"partition {partition} ends at {values.Count} although offset {last} was acknowledged";
            }

            if (finished && values.Count != _sent[partition])
            {
                return $"partition {partition} holds {values.Count} of {_sent[partition]} records sent";
            }
        }

        return promised.Where(a => a.Key.Offset != a.Value)
            .Select(a => $"number {a.Value} was acknowledged at offset {a.Key.Offset} of partition {a.Key.Partition}").FirstOrDefault();
    }

    private async Task SendAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            for (var i = 0; i < RecordsPerBurst; i++)
            {
                var partition = i % Partitions;
                var number = _sent[partition];
                try
                {
                    _producer.Produce(new TopicPartition(_topic, partition),
                        new Message<byte[]?, byte[]?> { Value = Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)) }, report =>
                        Keep(report, number));
                    _sent[partition]++;
                }
                catch (ProduceException<byte[]?, byte[]?> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
                {
                    break;
                }
            }

            await Task.Delay(BetweenBursts);
        }
    }

    private void Keep(DeliveryReport<byte[]?, byte[]?> report, int number)
    {
        if (report.Error.IsError)
        {
            _refused.Enqueue($"{number} in {report.Partition.Value}: {report.Error}");
        }
        else
        {
            _acknowledged[(report.Partition.Value, report.Offset.Value)] = number;
        }
    }

    private List<int> Read(int partition)
    {
        using var consumer = _client.Consumer();
        var from = new TopicPartition(_topic, partition);
        var end = consumer.QueryWatermarkOffsets(from, TimeSpan.FromSeconds(40)).High.Value;
        consumer.Assign(new TopicPartitionOffset(from, Offset.Beginning));
        return [.. Client.Read(consumer, (int)end, ReadLimit).Select(r => int.Parse(Encoding.ASCII.GetString(r.Message.Value!), CultureInfo.InvariantCulture))];
    }
}
