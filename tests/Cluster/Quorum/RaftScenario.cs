using System.Globalization;
using System.Text;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Tests.Quorum;

/// <summary>
/// Plays a scenario against one replica, node 1. A line without indentation is a command; indented lines are what it wants to have done, in order, and what it
/// is then. Elections take 1,000 ms and leaders are waited for 2,000 ms. What it appends, cuts and installs is carried out at once, unless the scenario has
/// said <c>by hand</c>.
/// <code>
/// start voters=1,2,3 epoch=4 leader=2 voted=3 log=3:0,4:10..20   kept state and log: epoch 3 from 0, epoch 4 from 10, the end is 20; start=5/3 for a log
/// behind a snapshot restart                                           from what it has kept, with its log as it is at 3000                                    
/// time passes vote 2 epoch=5 end=20/4                           begin 2 epoch=5        end 2 epoch=5 successors=3,1 fetch 2 epoch=5 from=20/4 voted #1 2
/// epoch=5 yes                            no leader=3 fetched #3 2 epoch=5 hw=20                        records=25/5 with records up to 25; diverged=10/3 for
/// epoch 3 up to 10; snapshot=30/5 failed #3         appended 21/5         synced 21         voters 21=1,2         installed 30/5         cleaned 10/3
/// </code>
/// </summary>
internal sealed class RaftScenario
{
    private readonly StringBuilder _out = new();
    private RaftCore _core = null!;
    private ElectionState? _kept;
    private VoterSet _voters = VoterSet.Empty;
    private QuorumHistory _history = new(SnapshotId.Bootstrap, [], 0);
    private List<EpochStart> _epochs = [];
    private SnapshotId _start = SnapshotId.Bootstrap;
    private long _end;
    private long _now;
    private bool _isByHand;
    private string _shown = "";
    private long _committed = -1;
    private (long End, int Epoch) _fetched;

    private Now Now => new(1_800_000_000_000 + _now, _now);

    public static string Play(IEnumerable<string> lines)
    {
        var scenario = new RaftScenario();
        foreach (var line in lines)
        {
            if (line.StartsWith(' '))
                continue;
            _ = scenario._out.Append(line).Append('\n');
            if (line.Length > 0 && line[0] != '#')
                scenario.Run(line.Split(' '));
        }
        return scenario._out.ToString();
    }

    private void Run(string[] words)
    {
        var options = words.Where(w => w.Contains('=')).Select(w => w.Split('=', 2)).ToDictionary(w => w[0], w => w[1]);
        var epoch = Number(options.GetValueOrDefault("epoch", "0"));
        switch (words[0])
        {
            case "start":
                _voters = VotersOf(options["voters"]);
                _kept = options.ContainsKey("epoch") ? new ElectionState(epoch, Number(options.GetValueOrDefault("leader", "-1")),
                    options.TryGetValue("voted", out var voted) ? Key(Number(voted)) : ReplicaKey.None) : null;
                _start = options.TryGetValue("start", out var start) ? new SnapshotId(Place(start).Offset, Place(start).Epoch) : SnapshotId.Bootstrap;
                var log = options.GetValueOrDefault("log", $"..{_start.EndOffset}").Split("..");
                _epochs = [.. log[0].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(e => e.Split(':'))
                    .Select(e => new EpochStart(Number(e[0]), Number(e[1])))];
                _end = Number(log[1]);
                Restart();
                break;
            case "restart": Restart(); break;
            case "by": _isByHand = true; return;
            case "at":
                _now = Number(words[1]);
                _core.Tick(Now);
                break;
            case "vote":
                _core.Step(new VoteRequested(100, Key(Number(words[1])), epoch, Place(options["end"]).Offset, Place(options["end"]).Epoch),
                Now); break;
            case "begin": _core.Step(new EpochBegun(100, Number(words[1]), epoch), Now); break;
            case "end":
                _core.Step(
                new EpochEnded(100, Number(words[1]), epoch, [.. VotersOf(options.GetValueOrDefault("successors", "")).Voters.Select(v => v.Key)]), Now); break;
            case "fetch":
                _core.Step(new FetchRequested(100, Key(Number(words[1])), epoch, Place(options["from"]).Offset, Place(options["from"]).Epoch),
                Now); break;
            case "voted":
                _core.Step(new VoteAnswered(Token(words[1]), Key(Number(words[2])), epoch, words.Contains("yes"),
                Number(options.GetValueOrDefault("leader", "-1"))), Now); break;
            case "fetched": Fetched(words, options, epoch); break;
            case "failed": _core.Step(new RequestFailed(Token(words[1])), Now); break;
            case "appended": Append(Place(words[1]).Offset, Place(words[1]).Epoch); break;
            case "synced": _core.Step(new LogSynced(Number(words[1])), Now); break;
            case "voters": _core.Step(new VotersAppended(Number(options.First().Key), VotersOf(options.First().Value)), Now); break;
            case "installed": _core.Step(new SnapshotInstalled(new SnapshotId(Place(words[1]).Offset, Place(words[1]).Epoch), null), Now); break;
            case "cleaned": _core.Step(new LogCleaned(new SnapshotId(Place(words[1]).Offset, Place(words[1]).Epoch)), Now); break;
            default: throw new InvalidDataException($"{words[0]} is no command.");
        }
        CarryOut();
    }

    private void Restart()
    {
        _history = new QuorumHistory(_start, _epochs, _end);
        _core = new RaftCore(new RaftSettings(Key(1)), _kept, new VoterHistory(_voters), _history, new SameRandom(), Now);
        _shown = "";
    }

    private void Fetched(string[] words, Dictionary<string, string> options, int epoch)
    {
        var diverged = options.TryGetValue("diverged", out var end) ? new EpochEnd(Place(end).Epoch, Place(end).Offset) : default(EpochEnd?);
        var snapshot = options.TryGetValue("snapshot", out var id) ? new SnapshotId(Place(id).Offset, Place(id).Epoch) : default(SnapshotId?);
        var hasRecords = options.TryGetValue("records", out var records);
        _fetched = hasRecords ? Place(records!) : default;
        _core.Step(new FetchAnswered(Token(words[1]), Number(words[2]), epoch, Number(options.GetValueOrDefault("hw", "-1")), diverged, snapshot, hasRecords),
            Now);
    }

    /// <summary>As whoever has the log does.</summary>
    private void CarryOut()
    {
        while (true)
        {
            var ready = _core.TakeReady();
            if (ready.Persist is { } state)
            {
                _kept = state;
                Say($"persist epoch={state.Epoch} leader={state.LeaderId} voted={state.Voted.Id}");
            }
            if (ready.TruncateTo is { } end)
            {
                _end = end;
                _ = _epochs.RemoveAll(e => e.StartOffset >= end);
                Say($"truncate to {end}");
            }
            if (ready.Append is EpochOpening opening)
                Say($"append opening of epoch {opening.Epoch}, granted by {string.Join(',', opening.GrantingVoters.Select(v => v.Id))}");
            if (ready.Append is FetchedRecords fetched)
                Say($"append records of #{fetched.Token}");
            if (ready.Install is { } id)
                Say($"install {id.EndOffset}/{id.Epoch}");
            foreach (var request in ready.Requests)
            {
                Say($"ask #{request.Token} " + request switch
                {
                    RaftRequest.Vote vote => $"{vote.To.Id} for a vote epoch={vote.Epoch} end={vote.EndOffset}/{vote.LastEpoch}",
                    RaftRequest.BeginEpoch begin => $"{begin.To.Id} to follow epoch={begin.Epoch}",
                    RaftRequest.Fetch fetch => $"{fetch.To.Id} for records epoch={fetch.Epoch} from={fetch.Offset}/{fetch.LastEpoch}",
                    _ => request.ToString(),
                });
            }

            foreach (var reply in ready.Replies)
            {
                Say("answer " + reply switch
                {
                    RaftReply.Vote vote => vote.IsGranted ? "yes" : "no",
                    RaftReply.Heard => "heard",
                    RaftReply.NotLeader => "not the leader",
                    RaftReply.Records records => $"records from {records.FromOffset} hw={records.HighWatermark}",
                    RaftReply.Diverging diverging => $"diverging, perhaps the same up to {diverging.End.EndOffset}/{diverging.End.Epoch}",
                    RaftReply.Snapshot snapshot => $"snapshot {snapshot.Id.EndOffset}/{snapshot.Id.Epoch}",
                    _ => reply.ToString(),
                } + $" epoch={reply.Epoch} leader={reply.LeaderId}");
            }

            if (ready.HighWatermark > _committed)
                Say($"commit {_committed = ready.HighWatermark}");
            if (_isByHand || ready.Append is null)
                break;
            if (ready.Append is EpochOpening opened)
                Append(_end + 1, opened.Epoch);
            else
                Append(_fetched.End, _fetched.Epoch);
            _core.Step(new LogSynced(_end), Now);
        }
        Show();
    }

    private void Append(long end, int epoch)
    {
        if (_epochs.Count == 0 || _epochs[^1].Epoch < epoch)
            _epochs.Add(new EpochStart(epoch, _end));
        _end = end;
        _core.Step(new LogAppended(end, epoch), Now);
    }

    private void Show()
    {
        var role = _core.Role switch
        {
            Unattached unattached => unattached.Voted.Id < 0 ? "unattached" : $"unattached, voted for {unattached.Voted.Id}",
            Candidate candidate => $"candidate with {string.Join(',', candidate.Votes.Granted.Select(v => v.Id))}",
            Follower follower => $"follower of {follower.LeaderId}",
            var other => other.GetType().Name.ToLowerInvariant(),
        };
        var shown = $"{role}, epoch {_core.Epoch}" + (_core.NextDeadlineMs is { } due ? $", next at {due}" : "");
        if (shown != _shown)
            Say(_shown = shown);
    }

    private void Say(string what) => _out.Append("  ").Append(what).Append('\n');

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static long Token(string text) => Number(text[1..]);

    private static (long Offset, int Epoch) Place(string text) => (Number(text.Split('/')[0]), Number(text.Split('/')[1]));

    private static VoterSet VotersOf(string ids) =>
        new([.. ids.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(id => new Voter(Key(Number(id)), []))]);

    private static ReplicaKey Key(int id) => new(id, new Uuid(0, 1000 + id));

    /// <summary>Elections take no longer than they must.</summary>
    private sealed class SameRandom : Random
    {
        public override long NextInt64(long maxValue) => 0;
    }
}
