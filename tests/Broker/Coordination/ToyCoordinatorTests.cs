using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>
/// A coordinator is its machine, its records (<see cref="ToyShard"/>) and the one line in <see cref="Composed"/>. All else is the loop's: that the log is
/// read, that replies wait for the commit, and the one failure rule. A refused append is the asker's affair, an unknown one is decided by the log.
/// </summary>
public sealed class ToyCoordinatorTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TimerWheel _wheel;
    private readonly RecordedLines _lines = new(LogLevel.Information);
    private readonly QueuedTurns _turns = new();
    private readonly FatalFaults _faults = new();
    private readonly MemoryShardLog _log = new();
    private readonly Coordinator<ToyShard> _coordinator;

    public ToyCoordinatorTests()
    {
        _wheel = new TimerWheel(_time);
        _coordinator = Composed();
        _coordinator.PartitionCount = 1;
        _coordinator.Lead(0, _log);
    }

    private Coordinator<ToyShard> Composed() =>
        new(new ShardKind<ToyShard>("__toys", static () => new ToyShard()), new ShardSurroundings(_time, _wheel, _lines, _turns) { Faults = _faults });

    public void Dispose() => _wheel.Dispose();

    [Fact]
    public async Task What_was_decided_is_there_when_another_leader_has_read_the_log()
    {
        await Loaded();
        Assert.Equal((ErrorCode.None, 5), await Add("a", 5));
        Assert.Equal((ErrorCode.None, 7), await Add("a", 2));
        _coordinator.Resign(0);
        Assert.Equal((ErrorCode.NotCoordinator, 0), await Look("a"));
        _coordinator.Lead(0, _log);
        await Loaded();
        Assert.Equal((ErrorCode.None, 7), await Look("a"));
        Assert.Contains(_lines.Lines, static line => line.Contains("Loaded __toys-0 up to offset 2", StringComparison.Ordinal));
    }

    /// <summary>Unlike any other fault it is no affair of the shard's: nothing is read again, as that could look as if all were well.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broken_invariant_is_told_to_the_node_and_the_shard_begins_nothing_anew(bool isMetWhileLoading)
    {
        var broken = new InvariantException("__toys-0: an append begins at 5, the log ends at 7", "5 == 7");
        if (isMetWhileLoading)
        {
            await Loaded();
            Assert.Equal((ErrorCode.None, 5), await Add("a", 5));
            _coordinator.Resign(0);
            _log.ReadFaults.Enqueue(broken);
            _coordinator.Lead(0, _log);
            await Eventually.Is(() => !_turns.TakeOne() && _faults.First is not null);
        }
        else
        {
            await Loaded();
            _log.AppendFault = broken;
            Assert.Equal(ErrorCode.CoordinatorNotAvailable, (await Add("a", 5)).Error);
        }
        var loads = _log.Loads;
        _time.Advance(TimeSpan.FromMinutes(10));
        while (_turns.TakeOne())
        {
        }
        Assert.Same(broken, _faults.First);
        Assert.Equal(loads, _log.Loads);
        Assert.NotEqual(ErrorCode.None, (await Look("a")).Error);
    }

    [Fact]
    public async Task Replies_wait_for_the_commit_and_reads_with_them()
    {
        await Loaded();
        _log.CommitsAtOnce = false;
        var (adding, looking) = (Add("a", 5), Look("a"));
        Assert.False(adding.IsCompleted || looking.IsCompleted);
        _log.Commit();
        await Answered(looking);
        Assert.Equal(((ErrorCode.None, 5), (ErrorCode.None, 5)), (await adding, await looking));
    }

    [Theory]
    [InlineData(ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable)]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.UnknownServerError)]
    [InlineData(ErrorCode.RecordListTooLarge, ErrorCode.UnknownServerError)]
    public async Task A_refused_append_is_told_to_its_asker_alone(ErrorCode refusal, ErrorCode told)
    {
        await Loaded();
        Assert.Equal((ErrorCode.None, 5), await Add("a", 5));
        _log.CommitsAtOnce = false;
        var other = Add("b", 1);
        _log.FailWith = refusal;
        Assert.Equal((told, 0), await Add("a", 100));
        Assert.False(other.IsCompleted);
        _log.FailWith = ErrorCode.None;
        _log.Commit();
        await Answered(other);
        _log.CommitsAtOnce = true;
        Assert.Equal(((ErrorCode.None, 1), (ErrorCode.None, 5), 1), (await other, await Look("a"), _log.Loads));
    }

    /// <summary>Replicas that come and go must not throw everybody out of a coordinator whose timers happen to write meanwhile.</summary>
    [Fact]
    public async Task What_is_due_stays_due_while_the_log_refuses_it()
    {
        await Loaded();
        Assert.Equal((ErrorCode.None, 5), await Add("a", 5));
        _log.FailWith = ErrorCode.NotEnoughReplicas;
        for (var tries = 0; tries < 4; tries++)
        {
            Pass(ToyShard.MaxIdleMs);
            Assert.Equal((ErrorCode.None, 5), await Look("a"));
        }
        Assert.Equal((1, 1), (_log.Loads, _log.Batches));
        _ = Assert.Single(_lines.Lines, static line => line.Contains("Appending to __toys-0 failed with NotEnoughReplicas", StringComparison.Ordinal));
        _log.FailWith = ErrorCode.None;
        Pass(ToyShard.MaxIdleMs);
        Assert.Equal((ErrorCode.None, 0), await Look("a"));
        Assert.Equal((1, 2), (_log.Loads, _log.Batches));
    }

    /// <summary>The disk has answered neither yes nor no. Whoever waits hears that nobody knows, and what counts then is what the log holds.</summary>
    [Theory]
    [InlineData(true, 12)]
    [InlineData(false, 5)]
    public async Task After_an_append_of_unknown_outcome_the_log_says_what_happened(bool written, long sum)
    {
        await Loaded();
        Assert.Equal((ErrorCode.None, 5), await Add("a", 5));
        (_log.FailWith, _log.WritesBeforeItFails) = (ErrorCode.KafkaStorageError, written);
        Assert.Equal((ErrorCode.NotCoordinator, 0), await Add("a", 7));
        Assert.Equal((ErrorCode.CoordinatorLoadInProgress, 0), await Look("a"));
        _log.FailWith = ErrorCode.None;
        await Loaded();
        Assert.Equal(((ErrorCode.None, sum), 2), (await Look("a"), _log.Loads));
    }

    /// <summary>It is in the log, and another leader may have cut it off: so all who wait are sent away, and the log is read again.</summary>
    [Theory]
    [InlineData(ErrorCode.NotEnoughReplicasAfterAppend, ErrorCode.CoordinatorNotAvailable)]
    [InlineData(ErrorCode.NotLeaderOrFollower, ErrorCode.NotCoordinator)]
    public async Task A_commit_that_fails_sends_all_away_who_wait(ErrorCode outcome, ErrorCode told)
    {
        await Loaded();
        _log.CommitsAtOnce = false;
        var (adding, looking) = (Add("a", 5), Look("b"));
        _log.Commit(outcome);
        await Answered(adding);
        await Answered(looking);
        Assert.Equal(((told, 0), (told, 0)), (await adding, await looking));
        _log.CommitsAtOnce = true;
        await Loaded();
        Assert.Equal(((ErrorCode.None, 5), 2), (await Look("a"), _log.Loads));
    }

    private async Task<(ErrorCode Error, long Sum)> Add(string name, long amount) =>
        Of(await _coordinator.Ask<ToyShard.Answer>(new ToyShard.Add(name, amount)));

    private async Task<(ErrorCode Error, long Sum)> Look(string name) => Of(await _coordinator.Ask<ToyShard.Answer>(new ToyShard.Look(name)));

    private static (ErrorCode Error, long Sum) Of(ToyShard.Answer answer) => (answer.Error, answer.Sum);

    /// <summary>Time passes, and what is due is done.</summary>
    private void Pass(int ms)
    {
        for (var passed = 0; passed < ms; passed += 10)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            while (_turns.TakeOne())
            {
            }
        }
    }

    /// <summary>Until a load has ended, all of whose steps are turns.</summary>
    private async Task Loaded()
    {
        // A delay of a load that is tried again ends by the clock, and goes on where its wait was heard.
        await Eventually.Is(() =>
        {
            Pass(100);
            return _coordinator.LoadedPartitions == 1;
        });
        Pass(10);
    }

    /// <summary>Until somebody is answered: the end of a wait for the commit is heard on a thread of its own.</summary>
    private Task Answered(Task waiting) => Eventually.Is(() =>
    {
        while (_turns.TakeOne())
        {
        }
        return waiting.IsCompleted;
    });
}
