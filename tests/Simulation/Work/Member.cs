using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Simulation.Engine;

namespace KafkaCompat.Simulation.Work;

/// <summary>
/// A member of a group that now and then falls silent. Its session ends a session's time after its last word, not before and not much later, whatever
/// becomes of the wall clock.
/// </summary>
internal sealed class Member(World world, string name, Random random)
{
    private const string Group = "members";

    /// <summary>How late the end of a session may be: the coordinator has turns and a log to write.</summary>
    private const int MaxLateMs = 4_000;

    /// <summary>How early it may seem: a clock that runs fast.</summary>
    private const int MaxEarlyMs = 50;

    private readonly int _sessionMs = 6_000 + random.Next(4_000);
    private readonly SimClient _client = new(world, name);
    private string _id = "";
    private int _generation;

    /// <summary>When the last word was said that was heard, and when its answer came.</summary>
    private (long SaidMs, long AnsweredMs) _last;

    /// <summary>In which life of the node: another one gives everybody a whole session.</summary>
    private int _life;

    /// <summary>The word before the last one.</summary>
    private (long SaidMs, long AnsweredMs) _before;

    private int _lifeBefore;

    /// <summary>Sessions whose end was watched.</summary>
    public int Watched { get; private set; }

    public async Task Live()
    {
        while (!world.IsEnding)
        {
            try
            {
                if (await Join())
                {
                    await Stay();
                }
            }
            catch (UnknownOutcomeException)
            {
            }

            await world.Sleep(50);
        }
    }

    /// <summary>Joins and takes its part of what is assigned; false where it has to begin again.</summary>
    private async Task<bool> Join()
    {
        var joined = await Say(() => _client.Ask<JoinGroupRequest, JoinGroupResponse>(
            new JoinGroupRequest
            {
                GroupId = Group,
                SessionTimeoutMs = _sessionMs,
                RebalanceTimeoutMs = 60_000,
                MemberId = _id,
                ProtocolType = "consumer",
                Protocols = [new() { Name = "range", Metadata = [1] }],
            },
            9,
            90_000));
        if (joined.ErrorCode != ErrorCode.None)
        {
            await Refused(joined.ErrorCode);
            _id = joined.ErrorCode == ErrorCode.MemberIdRequired ? joined.MemberId : _id;
            return false;
        }

        (_id, _generation) = (joined.MemberId, joined.GenerationId);
        var synced = await Say(() => _client.Ask<SyncGroupRequest, SyncGroupResponse>(
            new SyncGroupRequest
            {
                GroupId = Group,
                MemberId = _id,
                GenerationId = _generation,
                ProtocolType = "consumer",
                ProtocolName = "range",
                Assignments = [.. joined.Members.Select(
                    static member => new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = member.MemberId, Assignment = [2] })],
            },
            5,
            90_000));
        await Refused(synced.ErrorCode);
        return synced.ErrorCode == ErrorCode.None;
    }

    /// <summary>Sends heartbeats until it has to join again, or falls silent.</summary>
    private async Task Stay()
    {
        while (!world.IsEnding)
        {
            await world.Sleep(random.Next(300, 2_000));
            if (random.Next(20) == 0)
            {
                await FallSilent();
                return;
            }

            var word = new HeartbeatRequest { GroupId = Group, MemberId = _id, GenerationId = _generation };
            var error = (await Say(() => _client.Ask<HeartbeatRequest, HeartbeatResponse>(word, 4))).ErrorCode;
            if (error != ErrorCode.None)
            {
                await Refused(error);
                return;
            }
        }
    }

    private async Task FallSilent()
    {
        await world.Sleep(Math.Max(0, _last.SaidMs + _sessionMs - MaxEarlyMs - 20 - world.NowMs));
        if (await IsListed() == false && IsSameLife && world.NowMs < _last.SaidMs + _sessionMs - MaxEarlyMs)
        {
            world.Violation($"{name}: the session of {_sessionMs} ms ended {world.NowMs - _last.SaidMs} ms after the last word");
        }

        await world.Sleep(Math.Max(0, _last.AnsweredMs + _sessionMs + MaxLateMs - world.NowMs));
        if (IsSameLife && await IsListed() is { } isListed && IsSameLife)
        {
            Watched++;
            if (isListed)
            {
                world.Violation($"{name}: the session of {_sessionMs} ms has not ended {world.NowMs - _last.AnsweredMs} ms after the last word");
            }
        }

        _id = "";
    }

    private bool IsSameLife => _life == world.Node.Life && world.Node.State == NodeState.Serving;

    /// <summary>Whether the coordinator still counts this member; null where it does not say.</summary>
    private async Task<bool?> IsListed()
    {
        var group = (await _client.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = [Group] }, 5)).Groups[0];
        return group.ErrorCode == ErrorCode.None ? group.Members.Exists(member => member.MemberId == _id) : null;
    }

    /// <summary>Says something; it counts as a word from when it was sent.</summary>
    private async Task<TResponse> Say<TResponse>(Func<Task<TResponse>> ask)
    {
        var (said, life) = (world.NowMs, world.Node.Life);
        var answer = await ask();
        // A word that the coordinator does not know the member of is none; who sees to that compares with the word before.
        (_before, _last, _lifeBefore, _life) = (_last, (said, world.NowMs), _life, life);
        return answer;
    }

    private async Task Refused(ErrorCode error)
    {
        if (Coordination.IsAbsence(error))
        {
            // Nobody heard that word who counts it.
            (_last, _life) = (_before, _lifeBefore);
            await Coordination.Find(world, _client, Group);
        }
        else if (error == ErrorCode.UnknownMemberId && _id.Length > 0)
        {
            if (_lifeBefore == world.Node.Life && _last.AnsweredMs - _before.SaidMs < _sessionMs - MaxEarlyMs)
            {
                world.Violation($"{name}: a member is unknown {_last.AnsweredMs - _before.SaidMs} ms after its last word, in a session of {_sessionMs} ms");
            }

            _id = "";
        }
        else if (error is not (ErrorCode.None or ErrorCode.MemberIdRequired or ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration)
            && !world.IsExcused(_client, error))
        {
            world.Violation($"{name}: {error}");
        }
    }
}
