using System.Text;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Simulation.Work;

/// <summary>Reads here and there, and compares what it reads with what is known.</summary>
internal sealed class Consumer(World world, Topics topics, string name, Random random)
{
    private readonly SimClient _client = new(world, name);

    /// <summary>Records that were read.</summary>
    public long Records { get; private set; }

    public async Task Consume()
    {
        while (!world.IsEnding)
        {
            await world.Sleep(random.Next(10, 500));
            if (topics.Any(random) is { } topic)
            {
                var partition = random.Next(topic.Partitions.Count);
                if (random.Next(4) == 0 && topic.Partitions[partition].AnyTime(random) is { } time)
                {
                    await Find(topic, partition, time);
                }
                else
                {
                    _ = await Read(topic, partition, random.NextInt64(topic.Partitions[partition].AckedEnd + 1), []);
                }
            }
        }
    }

    /// <summary>Reads all of every topic: what was acknowledged has to be there.</summary>
    public async Task Audit()
    {
        foreach (var topic in topics.All.ToList())
        {
            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                var offsets = new HashSet<long>();
                var next = topic.Partitions[index].Trimmed;
                while (true)
                {
                    var read = await Read(topic, index, next, offsets);
                    // Nobody gets past a damaged batch by reading.
                    if (topic.Partitions[index].DamageEnd(read ?? next) is { } end)
                    {
                        next = end;
                    }
                    else if (read <= next)
                    {
                        break;
                    }

                    next = Math.Max(next, read ?? next);
                }

                world.Check(topic.Partitions[index].Missing(offsets));
            }
        }
    }

    /// <summary>Reads from an offset on; where the next one is, or null where nobody knows.</summary>
    private async Task<long?> Read(TopicHistory topic, int index, long offset, HashSet<long> offsets)
    {
        var partition = topic.Partitions[index];
        var (past, start, life) = (partition.Past, partition.Start, world.Node.Life);
        var asked = new FetchRequest.FetchPartition { Partition = index, FetchOffset = offset, PartitionMaxBytes = 1 << (10 + random.Next(8)) };
        var request = new FetchRequest
        {
            MaxWaitMs = random.Next(2) == 0 ? 0 : random.Next(800),
            MinBytes = 1,
            Topics = { new() { Topic = topic.Name, Partitions = { asked } } },
        };
        try
        {
            var answer = (await _client.Ask<FetchRequest, FetchResponse>(request, 12)).Responses[0].Partitions[0];
            if (topic.IsInDoubt || partition.Past != past)
            {
                return null;
            }

            if (answer.ErrorCode != ErrorCode.None)
            {
                if (world.IsExcused(_client, answer.ErrorCode))
                {
                    return null;
                }

                // A log that a power cut took the end of may end before records that were deleted.
                var isTrimmed = offset < partition.Trimmed || (offset == partition.Trimmed && partition.AckedEnd <= offset);
                if (isTrimmed && answer.ErrorCode == ErrorCode.OffsetOutOfRange)
                {
                    return offset;
                }

                if (answer.ErrorCode == ErrorCode.CorruptMessage && partition.DamageEnd(offset) is not null)
                {
                    return offset;
                }

                world.Violation($"{partition.Name} gave no records from {offset} on: {answer.ErrorCode}");
                return offset;
            }

            world.Check(partition.StartsAt(answer.LogStartOffset, life == _client.AnsweredBy ? start : 0));
            var next = offset;
            foreach (var batch in RecordBatchEnumerator.Over(answer.Records is { } records ? records.ToArray().AsMemory() : default(ReadOnlyMemory<byte>)))
            {
                if (!batch.IsSound())
                {
                    var (first, isKnown) = (batch.Header.BaseOffset, partition.DamageEnd(next) is not null);
                    world.Check(isKnown ? null : $"{partition.Name}: the batch of {first} is damaged, behind offset {next}; {offset} was asked for");
                    return next;
                }

                if (next == offset ? batch.Header.BaseOffset > offset || batch.Header.NextOffset <= offset : batch.Header.BaseOffset != next)
                {
                    var (first, last) = (batch.Header.BaseOffset, batch.Header.LastOffset);
                    world.Violation($"{partition.Name}: behind offset {next} comes a batch of {first} to {last}; {offset} was asked for");
                }

                using var reader = new RecordBatchReader(batch);
                while (reader.MoveNext())
                {
                    Records++;
                    var record = reader.Current;
                    next = record.Offset + 1;
                    _ = offsets.Add(record.Offset);
                    world.Check(partition.Read(record.Offset, Encoding.ASCII.GetString(record.Value.ToArray()!)));
                }
            }

            return Math.Max(next, offset);
        }
        catch (UnknownOutcomeException)
        {
            return null;
        }
    }

    /// <summary>Looks for a record by its time.</summary>
    private async Task Find(TopicHistory topic, int index, long timeMs)
    {
        var partition = topic.Partitions[index];
        var (past, known) = (partition.Past, partition.From(timeMs));
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = [new() { Name = topic.Name, Partitions = [new() { PartitionIndex = index, Timestamp = timeMs }] }],
        };
        try
        {
            var answer = (await _client.Ask<ListOffsetsRequest, ListOffsetsResponse>(request, 7)).Topics[0].Partitions[0];
            if (topic.IsInDoubt || partition.Past != past || world.IsExcused(_client, answer.ErrorCode))
            {
                return;
            }

            if (answer.ErrorCode != ErrorCode.None)
            {
                var isRight = (answer.ErrorCode == ErrorCode.CorruptMessage && partition.HasDamage)
                    || (answer.ErrorCode == ErrorCode.OffsetNotAvailable && world.Node.IsYoung(_client.AnsweredBy));
                world.Check(isRight ? null : $"{partition.Name} looked for no time: {answer.ErrorCode}");
                return;
            }

            world.Check(partition.Found(known, timeMs, answer.Offset, answer.Timestamp));
        }
        catch (UnknownOutcomeException)
        {
        }
    }
}
