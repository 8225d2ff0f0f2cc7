using System.Globalization;
using System.Text;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Simulation.Work;

/// <summary>
/// Sends batches with sequence numbers, one at a time, again and again until they are answered, and now and then once more: each record stands in the log
/// once, however often it was sent. Only a power cut, or a damaged byte, may make the log forget where a sequence was.
/// </summary>
internal sealed class IdempotentProducer(World world, Topics topics, string name, Random random)
{
    private readonly SimClient _client = new(world, name);

    /// <summary>The next sequence number of each partition, and the past that it belongs to.</summary>
    private readonly Dictionary<PartitionHistory, (int Sequence, int Past)> _next = [];
    private long _producerId = -1;
    private short _epoch;
    private int _values;

    /// <summary>Records that were acknowledged.</summary>
    public long Acked { get; private set; }

    public async Task Produce()
    {
        while (!world.IsEnding)
        {
            await world.Sleep(random.Next(20, 600));
            if (topics.Any(random) is not { } topic)
            {
                continue;
            }

            var index = random.Next(topic.Partitions.Count);
            var partition = topic.Partitions[index];
            if (_next.TryGetValue(partition, out var next) && next.Past != partition.Past)
            {
                _producerId = -1;
            }

            if (_producerId >= 0 || await Begin())
            {
                await Send(topic, index);
            }
        }
    }

    private async Task<bool> Begin()
    {
        try
        {
            var request = new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000, ProducerId = -1, ProducerEpoch = -1 };
            var answer = await _client.Ask<InitProducerIdRequest, InitProducerIdResponse>(request, 4);
            if (answer.ErrorCode == ErrorCode.None)
            {
                if (!world.IsNewProducer(answer.ProducerId))
                {
                    return false;
                }

                (_producerId, _epoch) = (answer.ProducerId, answer.ProducerEpoch);
                _next.Clear();
            }
            else if (!Coordination.IsAbsence(answer.ErrorCode))
            {
                world.Violation($"{name} got no producer id: {answer.ErrorCode}");
            }
        }
        catch (UnknownOutcomeException)
        {
        }

        return _producerId >= 0;
    }

    private async Task Send(TopicHistory topic, int index)
    {
        var partition = topic.Partitions[index];
        var sequence = _next.GetValueOrDefault(partition).Sequence;
        var (endBefore, past) = (partition.AckedEnd, partition.Past);
        var records = Enumerable.Range(0, 1 + random.Next(4)).Select(_ => new SentRecord(
            string.Create(CultureInfo.InvariantCulture, $"{name}-{++_values}-{new string('y', random.Next(200))}"),
            world.Clock.GetUtcNow().ToUnixTimeMilliseconds())).ToList();
        using var builder = new RecordBatchBuilder { ProducerId = _producerId, ProducerEpoch = _epoch, BaseSequence = sequence };
        foreach (var record in records)
        {
            partition.Sent(record.Value);
            builder.Append(record.TimeMs, Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(record.Value));
        }

        var batch = builder.ToArray();
        long? first = null;
        for (var times = 1 + (random.Next(3) == 0 ? 1 : 0); times > 0; times--)
        {
            var offset = await UntilKnown(topic, index, batch, past);
            if (offset is null || partition.Past != past || topic.IsInDoubt)
            {
                // Nobody knows what the log knows of this producer.
                _producerId = -1;
                return;
            }

            if (first is { } before)
            {
                // What is deleted or cannot be read is known by nobody who reads the log.
                var isKnown = before >= partition.Trimmed && partition.DamageEnd(before) is null;
                world.Check(before == offset || !isKnown ? null
                    : $"{partition.Name}: a batch was acknowledged at offset {before}, and, sent again, at {offset}");
                continue;
            }

            first = offset;
            Acked += records.Count;
            world.Check(partition.Acked(offset.Value, records, endBefore));
        }

        _next[partition] = (sequence + records.Count, past);
    }

    /// <summary>Sends a batch until it is answered; the offset that it got, or null where there is no use in going on.</summary>
    private async Task<long?> UntilKnown(TopicHistory topic, int index, byte[] batch, int past)
    {
        var partition = topic.Partitions[index];
        while (partition.Past == past && !topic.IsInDoubt)
        {
            try
            {
                var request = new ProduceRequest
                {
                    Acks = -1,
                    TimeoutMs = 30_000,
                    TopicData = { new() { Name = topic.Name, PartitionData = { new() { Index = index, Records = RecordBytes.From(batch.AsMemory()) } } } },
                };
                var answer = (await _client.Ask<ProduceRequest, ProduceResponse>(request, 12)).Responses[0].PartitionResponses[0];
                if (answer.ErrorCode == ErrorCode.None)
                {
                    return answer.BaseOffset;
                }

                if (!world.IsExcused(_client, answer.ErrorCode))
                {
                    var isRight = topic.IsInDoubt || partition.Past != past || partition.HasDamage;
                    world.Check(isRight ? null : $"{partition.Name} refused a batch of {name}: {answer.ErrorCode}");
                    return null;
                }
            }
            catch (UnknownOutcomeException)
            {
            }

            await world.Sleep(random.Next(50, 500));
        }

        return null;
    }
}
