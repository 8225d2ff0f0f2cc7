using System.Globalization;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Simulation.Work;

/// <summary>The topics that there are, as the administrator knows them, who makes and deletes them.</summary>
internal sealed class Topics(World world, Random random)
{
    private const int Names = 5;
    private readonly SortedDictionary<string, TopicHistory> _topics = new(StringComparer.Ordinal);
    private readonly SimClient _client = new(world, "admin");

    public IReadOnlyCollection<TopicHistory> All => _topics.Values;

    /// <summary>One that is there; null where none is.</summary>
    public TopicHistory? Any(Random chance)
    {
        var sure = _topics.Values.Where(static topic => !topic.IsInDoubt).ToList();
        return sure.Count == 0 ? null : sure[chance.Next(sure.Count)];
    }

    /// <summary>How often the power was cut.</summary>
    public int PowerCuts { get; private set; }

    public void OnPowerCut()
    {
        PowerCuts++;
        foreach (var topic in _topics.Values)
        {
            topic.OnPowerCut();
        }
    }

    public async Task Administer()
    {
        while (!world.IsEnding)
        {
            await world.Sleep(random.Next(200, 4_000));
            var name = string.Create(CultureInfo.InvariantCulture, $"t{random.Next(Names)}");
            if (!_topics.TryGetValue(name, out var topic))
            {
                await Create(name, 1 + random.Next(3), random.Next(2) == 0);
            }
            else if (random.Next(3) == 0)
            {
                await Delete(topic);
            }
            else
            {
                await Trim(topic, topic.Partitions[random.Next(topic.Partitions.Count)]);
            }
        }
    }

    private async Task Create(string name, int partitions, bool isFlushed)
    {
        var request = new CreateTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }] };
        if (isFlushed)
        {
            request.Topics[0].Configs.Add(new() { Name = "flush.messages", Value = "1" });
        }

        var error = await UntilKnown(async () => (await _client.Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7)).Topics[0].ErrorCode);
        if (error is not (ErrorCode.None or ErrorCode.TopicAlreadyExists))
        {
            world.Violation($"{name} was not created: {error}");
            return;
        }

        _topics.Add(name, new TopicHistory(name, partitions, isFlushed));
    }

    private async Task Delete(TopicHistory topic)
    {
        topic.IsInDoubt = true;
        var request = new DeleteTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = topic.Name }] };
        var error = await UntilKnown(async () => (await _client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(request, 6)).Responses[0].ErrorCode);
        if (error is not (ErrorCode.None or ErrorCode.UnknownTopicOrPartition))
        {
            world.Violation($"{topic.Name} was not deleted: {error}");
        }

        _ = _topics.Remove(topic.Name);
    }

    /// <summary>Has the first records of a partition deleted.</summary>
    private async Task Trim(TopicHistory topic, PartitionHistory partition)
    {
        var (before, past) = (random.NextInt64(partition.AckedEnd + 1), partition.Past);
        partition.Trimmed = Math.Max(partition.Trimmed, before);
        var index = topic.Partitions.ToList().IndexOf(partition);
        var request = new DeleteRecordsRequest
        {
            TimeoutMs = 30_000,
            Topics = [new() { Name = topic.Name, Partitions = [new() { PartitionIndex = index, Offset = before }] }],
        };
        try
        {
            var answer = (await _client.Ask<DeleteRecordsRequest, DeleteRecordsResponse>(request, 2)).Topics[0].Partitions[0];
            // A start may have cut off what was acknowledged behind a damaged byte.
            var isCut = partition.IsDamaged && answer.ErrorCode == ErrorCode.OffsetOutOfRange;
            if (answer.ErrorCode != ErrorCode.None && partition.Past == past && !isCut && !world.IsExcused(_client, answer.ErrorCode))
            {
                world.Violation($"{partition.Name}: the records before {before} were not deleted: {answer.ErrorCode}");
            }
        }
        catch (UnknownOutcomeException)
        {
        }
    }

    /// <summary>Asks again until an answer has come.</summary>
    private async Task<ErrorCode> UntilKnown(Func<Task<ErrorCode>> ask)
    {
        while (true)
        {
            try
            {
                var error = await ask();
                if (error is not (ErrorCode.NotController or ErrorCode.RequestTimedOut))
                {
                    return error;
                }
            }
            catch (UnknownOutcomeException)
            {
            }

            await world.Sleep(100);
        }
    }
}
