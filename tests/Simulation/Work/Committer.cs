using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Simulation.Work;

/// <summary>Commits offsets that only grow, and looks at what is committed: it never moves back, and is nothing that was not sent.</summary>
internal sealed class Committer(World world, Topics topics, string group, Random random)
{
    /// <summary>How long a coordinator may take to read its log and to be found.</summary>
    private const int MaxAbsentMs = 60_000;

    private readonly SimClient _client = new(world, group);
    private readonly Dictionary<PartitionHistory, Commits> _commits = [];
    private int _powerCuts;
    private int _losses;

    /// <summary>Since when the coordinator was never there, and in which life of the node.</summary>
    private (long Ms, int Life) _absent;

    /// <summary>Commits that were acknowledged.</summary>
    public long Acked { get; private set; }

    public async Task Commit()
    {
        while (!world.IsEnding)
        {
            await world.Sleep(random.Next(20, 600));
            if (topics.Any(random) is not { } topic)
            {
                continue;
            }

            var index = random.Next(topic.Partitions.Count);
            try
            {
                var error = random.Next(3) == 0 ? await Look(topic, index) : await Commit(topic, index);
                CheckAbsence(Coordination.IsAbsence(error));
                if (Coordination.IsAbsence(error))
                {
                    await Coordination.Find(world, _client, group);
                }
                else if (error != ErrorCode.None && !topic.IsInDoubt && !world.IsExcused(_client, error))
                {
                    world.Violation($"{group}: {error} of {topic.Partitions[index].Name}");
                }
            }
            catch (UnknownOutcomeException)
            {
            }
        }
    }

    /// <summary>A commit was lost by damage; what the partition is committed at instead.</summary>
    public void OnLost(CommitKey key, long? instead)
    {
        foreach (var (partition, commits) in _commits)
        {
            if (key.Group == group && partition.Name == $"{key.Topic}-{key.Partition}" && topics.Partition(partition.Name) == partition)
            {
                commits.Acked = Math.Min(commits.Acked, instead ?? -1);
                _losses++;
            }
        }
    }

    /// <summary>All commits are lost.</summary>
    public void OnLost()
    {
        _losses++;
        _commits.Clear();
    }

    /// <summary>Looks at all that is committed, and waits for it.</summary>
    public async Task Audit()
    {
        foreach (var topic in topics.All.ToList())
        {
            for (var index = 0; index < topic.Partitions.Count; index++)
            {
                while (Coordination.IsAbsence(await LookOrFail(topic, index)))
                {
                    await Coordination.Find(world, _client, group);
                }
            }
        }
    }

    private async Task<ErrorCode> LookOrFail(TopicHistory topic, int index)
    {
        try
        {
            return await Look(topic, index);
        }
        catch (UnknownOutcomeException)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }
    }

    /// <summary>A coordinator comes back soon, unless its disk has failed or its records are damaged.</summary>
    private void CheckAbsence(bool isAbsent)
    {
        var life = _client.AnsweredBy;
        var isHurt = world.Node.WasHurt(life)
            || world.Node.Ledger.Flips.Standing.Any(static flip => flip.Partition.StartsWith(InternalTopics.Offsets, StringComparison.Ordinal));
        if (!isAbsent || isHurt || _absent.Life != life)
        {
            _absent = (world.NowMs, life);
        }
        else if (world.NowMs - _absent.Ms > MaxAbsentMs)
        {
            world.Violation($"{group} has had no coordinator for {world.NowMs - _absent.Ms} ms");
            _absent = (world.NowMs, life);
        }
    }

    private async Task<ErrorCode> Commit(TopicHistory topic, int index)
    {
        var commits = Of(topic.Partitions[index]);
        var (offset, cuts, losses) = (commits.Sent += 1 + random.Next(5), topics.PowerCuts, _losses);
        var request = new OffsetCommitRequest
        {
            GroupId = group,
            GenerationIdOrMemberEpoch = -1,
            Topics = [new() { Name = topic.Name, Partitions = [new() { PartitionIndex = index, CommittedOffset = offset, CommittedMetadata = "" }] }],
        };
        var error = (await _client.Ask<OffsetCommitRequest, OffsetCommitResponse>(request, 8)).Topics[0].Partitions[0].ErrorCode;
        if (error == ErrorCode.None && cuts == topics.PowerCuts && losses == _losses)
        {
            Acked++;
            Of(topic.Partitions[index]).Acked = offset;
        }

        return error;
    }

    private async Task<ErrorCode> Look(TopicHistory topic, int index)
    {
        var (acked, cuts, losses) = (Of(topic.Partitions[index]).Acked, topics.PowerCuts, _losses);
        var request = new OffsetFetchRequest { Groups = [new() { GroupId = group, Topics = [new() { Name = topic.Name, PartitionIndexes = [index] }] }] };
        var answer = (await _client.Ask<OffsetFetchRequest, OffsetFetchResponse>(request, 8)).Groups[0];
        if (answer.ErrorCode != ErrorCode.None || topic.IsInDoubt || cuts != topics.PowerCuts || losses != _losses)
        {
            return answer.ErrorCode;
        }

        var committed = answer.Topics[0].Partitions[0].CommittedOffset;
        var sent = Of(topic.Partitions[index]).Sent;
        if (committed < acked || committed > sent)
        {
            world.Violation($"{group}: {topic.Partitions[index].Name} is committed at {committed}, acknowledged at {acked}, and {sent} was sent last");
        }

        return ErrorCode.None;
    }

    /// <summary>What is known of a partition. Commits lie in the page cache: a power cut may take them.</summary>
    private Commits Of(PartitionHistory partition)
    {
        if (_powerCuts != topics.PowerCuts)
        {
            _powerCuts = topics.PowerCuts;
            foreach (var commits in _commits.Values)
            {
                commits.Acked = -1;
            }
        }

        if (!_commits.TryGetValue(partition, out var known))
        {
            _commits.Add(partition, known = new Commits());
        }

        return known;
    }

    private sealed class Commits
    {
        public long Sent { get; set; } = -1;

        public long Acked { get; set; } = -1;
    }
}
