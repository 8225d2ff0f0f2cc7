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

    /// <summary>How often metadata was lost, and of how many of these it is known what there is now.</summary>
    private int _losses;
    private int _lossesKnown;

    public IReadOnlyCollection<TopicHistory> All => _topics.Values;

    /// <summary>One that is there; null where none is.</summary>
    public TopicHistory? Any(Random chance)
    {
        var sure = _topics.Values.Where(static topic => !topic.IsInDoubt).ToList();
        return sure.Count == 0 ? null : sure[chance.Next(sure.Count)];
    }

    /// <summary>The topic that has a partition by its name; null where none is known.</summary>
    public TopicHistory? Topic(string partition) => _topics.Values.FirstOrDefault(topic => topic.Partitions.Any(each => each.Name == partition));

    /// <summary>A partition by its name; null where none is known.</summary>
    public PartitionHistory? Partition(string name) => Topic(name)?.Partitions.First(partition => partition.Name == name);

    /// <summary>A start has forgotten the making of topics, and what else was said of topics since: those that are not known may be there again.</summary>
    public void OnLost(IReadOnlySet<string> names)
    {
        _losses++;
        foreach (var name in names.Where(_topics.ContainsKey))
        {
            _topics[name].IsInDoubt = true;
            _ = _topics.Remove(name);
        }
    }

    /// <summary>Another life of the node begins.</summary>
    public void OnLife()
    {
        foreach (var partition in _topics.Values.SelectMany(static topic => topic.Partitions))
        {
            partition.OnLife();
        }
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
            await ForgetWhatCameBack();
            var name = string.Create(CultureInfo.InvariantCulture, $"t{random.Next(Names)}");
            if (!_topics.TryGetValue(name, out var topic))
            {
                var keeping = new TopicKeeping(random.Next(2) == 0);
                keeping = random.Next(4) switch
                {
                    0 => keeping with { RetentionMs = random.Next(5, 60) * 1_000 },
                    1 => keeping with { RetentionBytes = random.Next(1, 20) * 1_000 },
                    _ => keeping,
                };
                await Create(name, 1 + random.Next(3), keeping);
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

    /// <summary>Deletes topics that are not known, and were there once: their deletion may be forgotten.</summary>
    private async Task ForgetWhatCameBack()
    {
        while (_lossesKnown != _losses)
        {
            var losses = _losses;
            for (var i = 0; i < Names; i++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"t{i}");
                if (!_topics.ContainsKey(name))
                {
                    _ = await UntilDeleted(name);
                }
            }

            _lossesKnown = losses;
        }
    }

    private async Task Create(string name, int partitions, TopicKeeping keeping)
    {
        var losses = _losses;
        var request = new CreateTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }] };
        if (keeping.IsFlushed)
        {
            request.Topics[0].Configs.Add(new() { Name = "flush.messages", Value = "1" });
        }

        if (keeping.RetentionMs >= 0)
        {
            request.Topics[0].Configs.Add(new() { Name = "retention.ms", Value = keeping.RetentionMs.ToString(CultureInfo.InvariantCulture) });
        }

        if (keeping.RetentionBytes >= 0)
        {
            request.Topics[0].Configs.Add(new() { Name = "retention.bytes", Value = keeping.RetentionBytes.ToString(CultureInfo.InvariantCulture) });
        }

        var error = await UntilKnown(async () => (await _client.Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7)).Topics[0].ErrorCode);
        if (error is not (ErrorCode.None or ErrorCode.TopicAlreadyExists))
        {
            world.Violation($"{name} was not created: {error}");
            return;
        }

        if (losses == _losses)
        {
            _topics.Add(name, new TopicHistory(name, partitions, keeping));
        }
    }

    private async Task Delete(TopicHistory topic)
    {
        topic.IsInDoubt = true;
        var error = await UntilDeleted(topic.Name);
        if (error is not (ErrorCode.None or ErrorCode.UnknownTopicOrPartition))
        {
            world.Violation($"{topic.Name} was not deleted: {error}");
        }

        _ = _topics.Remove(topic.Name);
    }

    private Task<ErrorCode> UntilDeleted(string name)
    {
        var request = new DeleteTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = name }] };
        return UntilKnown(async () => (await _client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(request, 6)).Responses[0].ErrorCode);
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
            var isEarly = answer.ErrorCode == ErrorCode.OffsetOutOfRange && world.Node.IsYoung(_client.AnsweredBy);
            var isKnown = partition.Past == past && !topic.IsInDoubt && !isEarly;
            if (answer.ErrorCode != ErrorCode.None && isKnown && !world.IsExcused(_client, answer.ErrorCode))
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
