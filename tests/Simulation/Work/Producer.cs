using System.Globalization;
using System.Text;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Simulation.Work;

/// <summary>Sends batches with acks=all, several at a time, and never the same record twice: what is not answered may be there or not.</summary>
internal sealed class Producer(World world, Topics topics, string name, Random random)
{
    private readonly SimClient _client = new(world, name);
    private int _values;

    /// <summary>Records that were acknowledged.</summary>
    public long Acked { get; private set; }

    public async Task Produce()
    {
        while (!world.IsEnding)
        {
            await world.Sleep(random.Next(5, 300));
            if (topics.Any(random) is { } topic)
            {
                await Task.WhenAll(Enumerable.Range(0, 1 + random.Next(3)).Select(_ => Send(topic, random.Next(topic.Partitions.Count))));
            }
        }
    }

    private async Task Send(TopicHistory topic, int index)
    {
        var partition = topic.Partitions[index];
        var records = Enumerable.Range(0, 1 + random.Next(5)).Select(_ => new SentRecord(
            string.Create(CultureInfo.InvariantCulture, $"{name}-{++_values}-{new string('x', random.Next(300))}"),
            world.Clock.GetUtcNow().ToUnixTimeMilliseconds())).ToList();
        var (endBefore, past) = (partition.AckedEnd, partition.Past);
        using var builder = new RecordBatchBuilder();
        foreach (var record in records)
        {
            partition.Sent(record.Value);
            builder.Append(record.TimeMs, Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(record.Value));
        }

        var request = new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 30_000,
            TopicData = { new() { Name = topic.Name, PartitionData = { new() { Index = index, Records = RecordBytes.From(builder.ToArray().AsMemory()) } } } },
        };
        try
        {
            var answer = (await _client.Ask<ProduceRequest, ProduceResponse>(request, 12)).Responses[0].PartitionResponses[0];
            if (answer.ErrorCode == ErrorCode.None)
            {
                Acked += records.Count;
                // An answer that was on its way when the power was cut tells of a page cache that is gone.
                if (partition.Past == past && !topic.IsInDoubt)
                {
                    world.Check(partition.Acked(answer.BaseOffset, records, endBefore));
                }
            }
            else if (!topic.IsInDoubt && !world.IsExcused(_client, answer.ErrorCode))
            {
                world.Violation($"{partition.Name} took no records: {answer.ErrorCode}");
            }
        }
        catch (UnknownOutcomeException)
        {
        }
    }
}
