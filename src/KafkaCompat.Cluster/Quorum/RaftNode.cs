using System.Collections.Immutable;
using KafkaCompat.Cluster.Machines;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// Kafka's Raft as a pure machine: <see cref="Step"/> takes a message or <see cref="Tick"/> the time, and <see cref="TakeReady"/> lists what must be
/// done. Replication is by fetching: a follower's fetch offset says what is durable there. The log itself is the caller's.
/// </summary>
/// <remarks>
/// Invariants: the epoch never falls; at most one vote an epoch, durable before it is answered; the high watermark never falls, and a leader moves it only
/// over a record of its own epoch.
/// </remarks>
public sealed class RaftNode
{
    private readonly RaftSettings _settings;
    private readonly Random _random;
    private readonly List<RaftEnvelope> _messages = [];
    private ElectionState _persisted;
    private NewEpoch? _newEpoch;
    private long _endOffset;
    private int _lastEpoch;

    /// <summary>Starts a replica from what it kept. Without a kept state the epoch is that of the log's last record.</summary>
    public RaftNode(RaftSettings settings, ElectionState? kept, VoterSet voters, long endOffset, int lastEpoch, Random random, Now now)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(random);
        _settings = settings;
        _random = random;
        _persisted = kept ?? ElectionState.Initial with { Epoch = Math.Max(0, lastEpoch) };
        _endOffset = endOffset;
        _lastEpoch = lastEpoch;
        Voters = voters;
        Epoch = Math.Max(_persisted.Epoch, lastEpoch);
        // A lone voter need not wait for anybody; one that led before may not lead on in its old epoch, since its log may have lost what it had not synced.
        Role = _persisted.LeaderId >= 0 && _persisted.LeaderId != settings.Self.Id
            ? new Follower(_persisted.LeaderId, now.After(settings.FetchTimeoutMs))
            : new Unattached(_persisted.Voted, voters?.IsOnly(settings.Self) == true ? now.TickMs : now.After(ElectionDelayMs()));
    }

    public int Epoch { get; private set; }

    public RaftRole Role { get; private set; }

    public long HighWatermark { get; private set; } = -1;

    /// <summary>Who votes. A new set counts from when it is in the log, committed or not.</summary>
    public VoterSet Voters { get; set; }

    public int LeaderId => Role switch
    {
        Leader => _settings.Self.Id,
        Follower follower => follower.LeaderId,
        _ => ElectionState.None,
    };

    /// <summary>The tick at which <see cref="Tick"/> has something to do; null where only messages count.</summary>
    public long? NextDeadlineMs => Role switch
    {
        Unattached unattached when IsVoter => unattached.ElectionDueMs,
        Candidate candidate => candidate.ElectionDueMs,
        Follower follower when IsVoter => follower.FetchDueMs,
        _ => null,
    };

    /// <summary>What must happen after the steps since the last call.</summary>
    public RaftReady TakeReady()
    {
        var state = new ElectionState(Epoch, LeaderId, Role switch
        {
            Unattached unattached => unattached.Voted,
            Candidate => _settings.Self,
            _ => ReplicaKey.None,
        });
        var ready = new RaftReady
        {
            Persist = state == _persisted ? null : state,
            Messages = [.. _messages],
            NewEpoch = _newEpoch,
            HighWatermark = HighWatermark,
        };
        _persisted = state;
        _messages.Clear();
        _newEpoch = null;
        return ready;
    }

    /// <summary>Lets time pass.</summary>
    public void Tick(Now now)
    {
        if (NextDeadlineMs is { } due && now.TickMs >= due)
        {
            StandForElection(now);
        }
    }

    /// <summary>Takes a message.</summary>
    public void Step(RaftMessage message, Now now)
    {
        switch (message)
        {
            case VoteRequested request: Answer(request, now); break;
            case VoteAnswered answer: Count(answer, now); break;
            case EpochBegun begun: Follow(begun.LeaderId, begun.Epoch, now); break;
            case EpochEnded ended when ended.Epoch == Epoch && Role is Follower: Role = new Unattached(ReplicaKey.None, now.TickMs); break;
            case FetchRequested fetch: Note(fetch, now); break;
            case FetchAnswered answer: Follow(answer, now); break;
            case LogSynced synced: Note(synced, now); break;
            default: break;
        }
    }

    private bool IsVoter => Voters.Contains(_settings.Self);

    private void StandForElection(Now now)
    {
        Epoch++;
        var candidate = new Candidate([_settings.Self], [], now.After(ElectionDelayMs()));
        Role = candidate;
        foreach (var voter in Voters.Voters)
        {
            if (!voter.Key.Matches(_settings.Self))
            {
                Send(voter.Key, new VoteRequested(_settings.Self, Epoch, _endOffset, _lastEpoch));
            }
        }

        LeadIfElected(candidate, now);
    }

    private void Answer(VoteRequested request, Now now)
    {
        if (request.Epoch > Epoch)
        {
            Detach(request.Epoch, now);
        }

        bool isLogAsLong = request.LastEpoch > _lastEpoch || (request.LastEpoch == _lastEpoch && request.EndOffset >= _endOffset);
        bool isFree = Role is Unattached unattached && (unattached.Voted == ReplicaKey.None || unattached.Voted == request.Candidate);
        bool isGranted = request.Epoch == Epoch && isFree && isLogAsLong && IsVoter;
        if (isGranted)
        {
            Role = new Unattached(request.Candidate, now.After(ElectionDelayMs()));
        }

        Send(request.Candidate, new VoteAnswered(_settings.Self, Epoch, isGranted, LeaderId));
    }

    private void Count(VoteAnswered answer, Now now)
    {
        if (answer.Epoch > Epoch)
        {
            Detach(answer.Epoch, now);
            if (answer.LeaderId >= 0)
            {
                Follow(answer.LeaderId, answer.Epoch, now);
            }
        }
        else if (answer.Epoch == Epoch && Role is Candidate candidate && Voters.Contains(answer.Voter))
        {
            candidate = answer.IsGranted
                ? candidate with { Granted = candidate.Granted.Add(answer.Voter) }
                : candidate with { Rejected = candidate.Rejected.Add(answer.Voter) };
            Role = candidate;
            LeadIfElected(candidate, now);
        }
    }

    private void LeadIfElected(Candidate candidate, Now now)
    {
        if (candidate.Granted.Count(Voters.Contains) < Voters.Majority)
        {
            return;
        }

        var progress = Voters.Voters.Where(v => !v.Key.Matches(_settings.Self)).ToImmutableDictionary(v => v.Key, _ => new ReplicaProgress(-1, -1, -1));
        Role = new Leader(_endOffset, progress.SetItem(_settings.Self, new ReplicaProgress(_endOffset, now.WallMs, now.WallMs)));
        _newEpoch = new NewEpoch(Epoch, [.. candidate.Granted.OrderBy(v => v.Id)]);
        foreach (var voter in progress.Keys)
        {
            Send(voter, new EpochBegun(_settings.Self.Id, Epoch));
        }
    }

    private void Follow(int leaderId, int epoch, Now now)
    {
        if (epoch > Epoch || (epoch == Epoch && Role is not (Follower or Leader)))
        {
            Epoch = epoch;
            Role = new Follower(leaderId, now.After(_settings.FetchTimeoutMs));
        }
    }

    private void Follow(FetchAnswered answer, Now now)
    {
        if (answer.LeaderId >= 0)
        {
            Follow(answer.LeaderId, answer.Epoch, now);
        }
        else if (answer.Epoch > Epoch)
        {
            Detach(answer.Epoch, now);
        }

        if (answer.Epoch == Epoch && Role is Follower follower && follower.LeaderId == answer.LeaderId)
        {
            Role = follower with { FetchDueMs = now.After(_settings.FetchTimeoutMs) };
            HighWatermark = Math.Max(HighWatermark, Math.Min(answer.HighWatermark, _endOffset));
        }
    }

    private void Note(FetchRequested fetch, Now now)
    {
        if (fetch.Epoch > Epoch)
        {
            Detach(fetch.Epoch, now);
        }
        else if (fetch.Epoch == Epoch && Role is Leader leader)
        {
            var before = leader.Progress.GetValueOrDefault(fetch.Replica);
            long caughtUp = fetch.Offset >= _endOffset ? now.WallMs : before?.LastCaughtUpMs ?? -1;
            Advance(leader with { Progress = leader.Progress.SetItem(fetch.Replica, new ReplicaProgress(fetch.Offset, now.WallMs, caughtUp)) });
        }
    }

    private void Note(LogSynced synced, Now now)
    {
        _endOffset = synced.EndOffset;
        _lastEpoch = synced.LastEpoch;
        if (Role is Leader leader)
        {
            Advance(leader with { Progress = leader.Progress.SetItem(_settings.Self, new ReplicaProgress(synced.EndOffset, now.WallMs, now.WallMs)) });
        }
    }

    private void Advance(Leader leader)
    {
        Role = leader;
        var ends = Voters.Voters.Select(v => leader.Progress.FirstOrDefault(p => p.Key.Matches(v.Key)).Value?.EndOffset ?? -1).OrderDescending().ToList();
        if (ends.Count == 0)
        {
            return;
        }

        long majorityEnd = ends[Voters.Majority - 1];
        if (majorityEnd > leader.EpochStartOffset)
        {
            HighWatermark = Math.Max(HighWatermark, majorityEnd);
        }
    }

    private void Detach(int epoch, Now now)
    {
        Epoch = epoch;
        Role = new Unattached(ReplicaKey.None, now.After(ElectionDelayMs()));
    }

    private long ElectionDelayMs() => _settings.ElectionTimeoutMs + _random.NextInt64(_settings.ElectionTimeoutMs + 1);

    private void Send(ReplicaKey to, RaftMessage message) => _messages.Add(new RaftEnvelope(to, message));
}
