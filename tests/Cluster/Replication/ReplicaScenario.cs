using System.Globalization;
using System.Text;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Tests.Replication;

/// <summary>
/// Plays a scenario against the replicas of one partition. A line without indentation is a command; indented lines are what was sent, and how those
/// replicas stand then that it has changed. What a command sends stays on its way until the scenario has it arrive; <c>fetch</c>, <c>isr</c> and
/// <c>metadata</c> do that for what they are about.
/// <code>
/// start replicas=1,2,3 isr=1,2,3 leader=1 minisr=2 lag=1000      with empty logs, in epoch 1; all know the metadata
/// append 1 3                                        replica 1 takes itself for the leader and writes three records
/// fetch 2                                           replica 2 fetches, and has the answer
/// ask 2        lose        arrive                   a fetch is sent; what was sent last is lost; what was sent first arrives
/// isr          isr INELIGIBLE_REPLICA               the controller answers what it was asked first, by its rules or with an error
/// at 1500                                           time passes elect 2      metadata 1,2                         the controller decides; replicas hear what
/// it has decided last kill 3       restart 3 keep=5                     restart: with its log up to an offset, where it is not in sync; its checkpoint says
/// that nothing is committed delete 1 4                                        the leader forgets what is before offset 4 acks 1
/// whether acks=all is taken
/// </code>
/// </summary>
internal sealed class ReplicaScenario
{
    private readonly StringBuilder _out = new();
    private readonly Dictionary<int, string> _shown = [];
    private readonly HashSet<ReplicaMessage> _told = new(ReferenceEqualityComparer.Instance);
    private ReplicaCluster _cluster = null!;

    public static string Play(IEnumerable<string> lines)
    {
        var scenario = new ReplicaScenario();
        foreach (var line in lines)
        {
            if (line.StartsWith(' '))
                continue;
            _ = scenario._out.Append(line).Append('\n');
            if (line.Length == 0 || line[0] == '#')
                continue;
            scenario.Run(line.Split(' '));
            scenario.Show();
            scenario._cluster.Check();
        }
        return scenario._out.ToString();
    }

    private void Run(string[] words)
    {
        var options = words.Where(w => w.Contains('=')).Select(w => w.Split('=', 2)).ToDictionary(w => w[0], w => w[1]);
        var id = words.Length > 1 && int.TryParse(words[1], CultureInfo.InvariantCulture, out var number) ? number : 0;
        switch (words[0])
        {
            case "start":
                _cluster = new ReplicaCluster(Ids(options["replicas"]), Ids(options["isr"]), Number(options["leader"]),
                    new ReplicationSettings(Number(options.GetValueOrDefault("minisr", "1")), Number(options.GetValueOrDefault("lag", "1000"))));
                _shown.Clear();
                Arrive(_cluster.Network);
                break;
            case "append": _cluster.Append(id, Number(words[2])); break;
            case "ask": _cluster.Fetch(id); break;
            case "fetch":
                var before = _cluster.Network.Count;
                _cluster.Fetch(id);
                while (_cluster.Network.Skip(before).FirstOrDefault(static message => message is FetchSent or FetchAnswered) is { } message)
                    Arrive([message]);
                break;
            case "lose": _cluster.Lose(_cluster.Network[^1]); break;
            case "arrive": Arrive([_cluster.Network[0]]); break;
            case "isr":
                var asked = _cluster.Network.OfType<IsrAsked>().First();
                if (words.Length > 1)
                {
                    _ = _cluster.Network.Remove(asked);
                    _cluster.OnIsr(asked, Enum.Parse<ErrorCode>(words[1].Replace("_", "", StringComparison.Ordinal), ignoreCase: true));
                }
                else
                {
                    Arrive([asked]);
                }
                Show();
                Arrive(_cluster.Network.OfType<IsrAnswered>());
                break;
            case "at": _cluster.PassTo(Number(words[1])); break;
            case "elect": _cluster.Elect(id); break;
            case "metadata":
                _ = _cluster.Network.RemoveAll(static message => message is MetadataTold);
                _cluster.Tell();
                Arrive(_cluster.Network.OfType<MetadataTold>().Where(told => Ids(words[1]).Contains(told.To)));
                _ = _cluster.Network.RemoveAll(static message => message is MetadataTold);
                break;
            case "kill": _cluster.Kill(id, checkpoint: 0); break;
            case "restart": _cluster.Restart(id, options.TryGetValue("keep", out var keep) ? Number(keep) : long.MaxValue); break;
            case "delete": _cluster.Forget(id, Number(words[2])); break;
            case "acks": Say(_cluster.Node(id).Leader!.IsUnderMinIsr ? "refused: too few replicas in sync" : "taken"); break;
            default: throw new InvalidDataException($"{words[0]} is no command.");
        }
    }

    private void Arrive(IEnumerable<ReplicaMessage> messages)
    {
        foreach (var message in messages.ToList())
        {
            Show();
            _ = _cluster.Network.Remove(message);
            _cluster.Deliver(message);
        }
    }

    /// <summary>What is on its way and was not shown, then the replicas that stand otherwise than was shown.</summary>
    private void Show()
    {
        foreach (var message in _cluster.Network.Where(_told.Add))
        {
            if (Text(message) is { } text)
                Say(text);
        }
        foreach (var node in _cluster.Nodes)
        {
            var shown = !node.IsAlive ? $"{node.Id} is gone with {node.Start}..{node.End}"
                : node.Leader is { } leader ? $"{node.Id} leads in epoch {leader.LeaderEpoch}: {Log(node)}, in sync {leader.Isr}"
                : node.Follower is { } follower ? $"{node.Id} follows in epoch {follower.LeaderEpoch}: {Log(node)}"
                : $"{node.Id} waits: {Log(node)}";
            if (_shown.GetValueOrDefault(node.Id) == shown)
                continue;
            _shown[node.Id] = shown;
            Say(shown);
        }
    }

    private static string Log(ReplicaNode node) => $"{node.Start}..{node.End} of epoch {node.EpochBefore(node.End)}, committed {node.HighWatermark}";

    private static string? Text(ReplicaMessage message) => message switch
    {
        FetchSent sent => $"{sent.From} asks {sent.To} for records from {sent.Ask.Offset}/{sent.LastEpoch}",
        FetchAnswered { Diverging: { } end } answer => $"{answer.From} tells {answer.To}: diverging, perhaps the same up to {end.EndOffset}/{end.Epoch}",
        FetchAnswered { Error: not ErrorCode.None } answer => $"{answer.From} tells {answer.To}: {answer.Error}, {answer.LogStart}..{answer.LogEnd}",
        FetchAnswered answer => $"{answer.From} tells {answer.To}: {answer.Records.Count} records, committed {answer.HighWatermark}",
        IsrAsked asked => $"{asked.From} asks the controller for {asked.Change}",
        IsrAnswered { Answer.Error: not ErrorCode.None } answer => $"the controller tells {answer.To}: {answer.Answer.Error}",
        IsrAnswered answer => $"the controller tells {answer.To}: {string.Join(',', answer.Answer.Isr)} in epoch {answer.Answer.PartitionEpoch}",
        _ => null,
    };

    private void Say(string what) => _out.Append("  ").Append(what).Append('\n');

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static int[] Ids(string ids) => [.. ids.Split(',').Select(Number)];
}
