using System.Diagnostics;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// Kafka's Raft (KIP-595) as a pure machine: <see cref="Step"/> takes a message or <see cref="Tick"/> the time, and <see cref="TakeReady"/> lists what must be
/// done. Replication is by fetching: a follower's fetch offset says what is durable there. The log is the caller's; its outline and its voters are kept here,
/// so that what two logs have in common is decided without a disk.
/// </summary>
/// <remarks>
/// Invariants: the epoch never falls; at most one vote an epoch, durable before it is answered, and a leader's vote is its own; the high watermark never falls,
/// no record before it is ever cut, a leader moves it only over a record of its own epoch and a follower only over records that are the leader's.
/// </remarks>
public sealed class RaftCore
{
    private readonly RaftSettings _settings;
    private readonly Random _random;
    private readonly QuorumHistory _history;
    private readonly VoterHistory _voters;
    private readonly List<RaftRequest> _requests = [];
    private readonly List<RaftReply> _replies = [];
    private ElectionState _persisted;
    private RaftAppend? _append;
    private SnapshotId? _install;
    private long? _truncateTo;
    private long _syncedOffset;
    private long _lastToken;

    /// <summary>Starts a replica from what it kept. Without a kept state the epoch is that of the log's last record. The log is durable as it is.</summary>
    public RaftCore(RaftSettings settings, ElectionState? kept, VoterHistory voters, QuorumHistory history, Random random, Now now)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(voters);
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(random);
        _settings = settings;
        _random = random;
        _voters = voters;
        _history = history;
        _syncedOffset = history.EndOffset;
        _persisted = kept ?? ElectionState.Initial with { Epoch = Math.Max(0, history.LastEpoch) };
        Epoch = Math.Max(_persisted.Epoch, history.LastEpoch);
        // A lone voter need not wait for anybody.
        var electionDueMs = Voters.IsOnly(settings.Self) ? now.TickMs : now.After(ElectionDelayMs());
        // Who does not know whether it voted in an epoch that had a leader votes for nobody else in it.
        var hasForgotten = history.LastEpoch > 0 && (kept is null || history.LastEpoch > kept.Epoch);
        Role = hasForgotten ? new Unattached(settings.Self, electionDueMs)
            : _persisted.LeaderId < 0 ? new Unattached(_persisted.Voted, electionDueMs)
            : _persisted.LeaderId == settings.Self.Id ? new Resigned(electionDueMs)
            : Following(_persisted.LeaderId, now);
    }

    public int Epoch
    {
        get;
        private set
        {
            Invariant.Holds(value >= field, $"The quorum's epoch falls from {field} to {value}");
            field = value;
        }
    }

    public RaftRole Role { get; private set; }

    public long HighWatermark
    {
        get;
        private set
        {
            Invariant.Holds(value >= field, $"The quorum's high watermark falls from {field} to {value} in epoch {Epoch}");
            Invariant.Holds(value <= _history.EndOffset, $"The quorum commits up to {value} in epoch {Epoch}, and this log ends at {_history.EndOffset}");
            field = value;
        }
    } = -1;

    /// <summary>Who votes. A new set counts from when it is in the log, committed or not.</summary>
    public VoterSet Voters => _voters.Latest;

    /// <summary>The leader of the epoch as far as this replica knows; -1 where it knows none. One that has resigned is still who led it.</summary>
    public int LeaderId => Role switch
    {
        Leader or Resigned => _settings.Self.Id,
        Follower follower => follower.LeaderId,
        _ => ElectionState.None,
    };

    /// <summary>The tick at which <see cref="Tick"/> has something to do; null where only messages count.</summary>
    public long? NextDeadlineMs => Role switch
    {
        Unattached unattached when IsVoter => unattached.ElectionDueMs,
        Resigned resigned when IsVoter => resigned.ElectionDueMs,
        Candidate candidate => candidate.ElectionDueMs,
        Follower { RetryDueMs: { } retry } follower => IsVoter ? Math.Min(follower.FetchDueMs, retry) : retry,
        Follower follower when IsVoter => follower.FetchDueMs,
        _ => null,
    };

    private bool IsVoter => Voters.Contains(_settings.Self);

    /// <summary>Who voted where the log ends at an offset.</summary>
    public VoterSet VotersBefore(long endOffset) => _voters.Before(endOffset);

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
            TruncateTo = _truncateTo,
            Append = _append,
            Install = _install,
            Requests = [.. _requests],
            Replies = [.. _replies],
            HighWatermark = HighWatermark,
        };
        Invariant.Holds(state.Epoch >= _persisted.Epoch, $"Epoch {state.Epoch} is to be kept, and {_persisted.Epoch} was");
        Invariant.Holds(_truncateTo is not { } cut || cut >= HighWatermark,
            $"The metadata log is to be cut to {_truncateTo}, and is committed up to {HighWatermark}");
        _persisted = state;
        (_truncateTo, _append, _install) = (null, null, null);
        _requests.Clear();
        _replies.Clear();
        return ready;
    }

    /// <summary>Lets time pass.</summary>
    public void Tick(Now now)
    {
        if (NextDeadlineMs is not { } due || now.TickMs < due)
        {
            return;
        }

        if (Role is Follower follower && (!IsVoter || now.TickMs < follower.FetchDueMs))
        {
            Fetch(follower);
            return;
        }

        StandForElection(now);
    }

    /// <summary>Takes a message.</summary>
    public void Step(RaftMessage message, Now now)
    {
        switch (message)
        {
            case VoteRequested request: Answer(request, now); break;
            case EpochBegun begun: Answer(begun, now); break;
            case EpochEnded ended: Answer(ended, now); break;
            case FetchRequested fetch: Answer(fetch, now); break;
            case VoteAnswered answer: Count(answer, now); break;
            case FetchAnswered answer: Take(answer, now); break;
            case RequestFailed failed: Note(failed, now); break;
            case LogAppended appended: Note(appended); break;
            case LogSynced synced: Note(synced, now); break;
            case VotersAppended appended: _voters.Append(appended.Offset, appended.Voters); break;
            case SnapshotInstalled installed: Note(installed); break;
            case LogCleaned cleaned:
                _history.StartAt(cleaned.Start);
                _voters.StartAt(cleaned.Start.EndOffset);
                break;
            default: throw new UnreachableException($"{message.GetType().Name} is no message of a replica.");
        }
    }

    private void StandForElection(Now now)
    {
        Epoch++;
        var candidate = new Candidate(Tally.Of(_settings.Self), now.After(ElectionDelayMs()));
        Become(candidate);
        foreach (var voter in Others())
        {
            _requests.Add(new RaftRequest.Vote(NextToken(), voter, Epoch, _history.EndOffset, _history.LastEpoch));
        }

        LeadIfElected(candidate, now);
    }

    private void Answer(VoteRequested request, Now now)
    {
        if (request.Epoch > Epoch)
        {
            Detach(request.Epoch, now);
        }

        var isLogAsLong = request.LastEpoch > _history.LastEpoch || (request.LastEpoch == _history.LastEpoch && request.EndOffset >= _history.EndOffset);
        var isFree = Role is Unattached unattached && (unattached.Voted == ReplicaKey.None || unattached.Voted == request.Candidate);
        var isGranted = request.Epoch == Epoch && isFree && isLogAsLong && IsVoter;
        if (isGranted)
        {
            Become(new Unattached(request.Candidate, now.After(ElectionDelayMs())));
        }

        _replies.Add(new RaftReply.Vote(request.Token, Epoch, LeaderId, isGranted));
    }

    private void Answer(EpochBegun begun, Now now)
    {
        Follow(begun.LeaderId, begun.Epoch, now);
        _replies.Add(new RaftReply.Heard(begun.Token, Epoch, LeaderId));
    }

    /// <summary>The first of the successors stands at once, the others each an election's time later, so that they do not split the votes.</summary>
    private void Answer(EpochEnded ended, Now now)
    {
        Follow(ended.LeaderId, ended.Epoch, now);
        if (ended.Epoch == Epoch && Role is Follower follower && follower.LeaderId == ended.LeaderId)
        {
            var rank = ended.Successors.ToList().FindIndex(_settings.Self.Matches);
            var delayMs = rank == 0 ? 0
                : rank > 0 ? (rank - 1) * _settings.ElectionTimeoutMs + ElectionDelayMs()
                : ElectionDelayMs() + ended.Successors.Count * _settings.ElectionTimeoutMs;
            // The epoch has had its leader: nobody else is voted for in it.
            Become(new Unattached(Voters.Voters.FirstOrDefault(voter => voter.Key.Id == ended.LeaderId)?.Key ?? new ReplicaKey(ended.LeaderId, Uuid.Zero),
                now.After(delayMs)));
        }

        _replies.Add(new RaftReply.Heard(ended.Token, Epoch, LeaderId));
    }

    private void Answer(FetchRequested fetch, Now now)
    {
        if (fetch.Epoch > Epoch)
        {
            Detach(fetch.Epoch, now);
        }

        if (fetch.Epoch != Epoch || Role is not Leader leader)
        {
            _replies.Add(new RaftReply.NotLeader(fetch.Token, Epoch, Role is Resigned ? ElectionState.None : LeaderId));
            return;
        }

        switch (_history.Place(fetch.Offset, fetch.LastEpoch, out var end))
        {
            case FetchPlace.Diverging:
                _replies.Add(new RaftReply.Diverging(fetch.Token, Epoch, LeaderId, end));
                break;
            case FetchPlace.BeforeStart:
                _replies.Add(new RaftReply.Snapshot(fetch.Token, Epoch, LeaderId, _history.Start));
                break;
            default:
                Advance(leader with { Progress = leader.Progress.With(fetch.Replica, fetch.Offset, _history.EndOffset, Voters, now.WallMs) });
                _replies.Add(new RaftReply.Records(fetch.Token, Epoch, LeaderId, fetch.Offset, HighWatermark));
                break;
        }
    }

    private void Count(VoteAnswered answer, Now now)
    {
        if (answer.Epoch > Epoch)
        {
            Detach(answer.Epoch, now);
            Follow(answer.LeaderId, answer.Epoch, now);
        }
        else if (answer.Epoch == Epoch && Role is Candidate candidate && Voters.Find(answer.Voter) is { } voter)
        {
            candidate = candidate with { Votes = candidate.Votes.With(voter.Key, answer.IsGranted) };
            Become(candidate);
            LeadIfElected(candidate, now);
        }
    }

    private void LeadIfElected(Candidate candidate, Now now)
    {
        if (!candidate.Votes.IsWon(Voters))
        {
            return;
        }

        Become(new Leader(Progress.Empty.With(_settings.Self, _syncedOffset, _history.EndOffset, Voters, now.WallMs)));
        _append = new EpochOpening(Epoch, [.. candidate.Votes.Granted]);
        foreach (var voter in Others())
        {
            _requests.Add(new RaftRequest.BeginEpoch(NextToken(), voter, Epoch));
        }
    }

    /// <summary>Follows whoever leads an epoch, unless it knows better.</summary>
    private void Follow(int leaderId, int epoch, Now now)
    {
        // One's own leadership ends with its epoch: nobody else's word makes a leader of this replica, or of another one in an epoch that has its leader.
        if (leaderId < 0 || leaderId == _settings.Self.Id || epoch < Epoch || (epoch == Epoch && Role is Follower or Leader or Resigned))
        {
            return;
        }

        Epoch = epoch;
        var follower = Following(leaderId, now);
        Become(follower);
        Fetch(follower);
    }

    private Follower Following(int leaderId, Now now) => new(leaderId, now.After(_settings.FetchTimeoutMs), RetryDueMs: now.TickMs);

    private void Fetch(Follower follower)
    {
        if (follower.Fetch is not null || follower.IsTaking || Voters.Voters.FirstOrDefault(voter => voter.Key.Id == follower.LeaderId) is not { } leader)
        {
            Role = follower with { RetryDueMs = null };
            return;
        }

        var token = NextToken();
        Role = follower with { Fetch = token, RetryDueMs = null };
        _requests.Add(new RaftRequest.Fetch(token, leader.Key, Epoch, _history.EndOffset, _history.LastEpoch));
    }

    private void Take(FetchAnswered answer, Now now)
    {
        if (answer.Epoch > Epoch)
        {
            Detach(answer.Epoch, now);
            Follow(answer.LeaderId, answer.Epoch, now);
        }

        // Of an earlier fetch, of another leader or of somebody who leads no more: the next one is asked when it is known whom.
        if (Role is not Follower follower || follower.Fetch != answer.Token)
        {
            return;
        }

        follower = follower with { Fetch = null };
        if (answer.Epoch != Epoch || answer.LeaderId != follower.LeaderId)
        {
            Role = follower with { RetryDueMs = now.After(_settings.RetryBackoffMs) };
            return;
        }

        follower = follower with { FetchDueMs = now.After(_settings.FetchTimeoutMs) };
        if (answer.Snapshot is { } snapshot)
        {
            _install = snapshot;
            Role = follower with { IsTaking = true };
        }
        else if (answer.Diverged is { } end)
        {
            Cut(_history.CommonEnd(end));
            Fetch(follower with { AgreedOffset = -1 });
        }
        else
        {
            follower = follower with
            {
                AgreedOffset = _history.EndOffset,
                LeaderHighWatermark = Math.Max(follower.LeaderHighWatermark, answer.HighWatermark),
                IsTaking = answer.HasRecords
            };
            _append = answer.HasRecords ? new FetchedRecords(answer.Token) : null;
            Role = follower;
            AdvanceWithLeader(follower);
            if (!answer.HasRecords)
            {
                Fetch(follower);
            }
        }
    }

    private void Cut(long offset)
    {
        if (offset < HighWatermark || offset < _history.Start.EndOffset)
        {
            throw new UnreachableException(
                $"The leader of epoch {Epoch} has another log than this replica from offset {offset} on, and this one is committed up to "
                    + $"{Math.Max(HighWatermark, _history.Start.EndOffset)}.");
        }

        if (offset == _history.EndOffset)
        {
            return;
        }

        _truncateTo = offset;
        _history.TruncateTo(offset);
        _voters.TruncateTo(offset);
        _syncedOffset = Math.Min(_syncedOffset, offset);
    }

    private void Note(RequestFailed failed, Now now)
    {
        if (Role is Follower follower && follower.Fetch == failed.Token)
        {
            Role = follower with { Fetch = null, RetryDueMs = now.After(_settings.RetryBackoffMs) };
        }
    }

    private void Note(LogAppended appended)
    {
        _history.Append(appended.Epoch, appended.EndOffset);
        if (Role is Follower { IsTaking: true } follower)
        {
            // What it was given follows what both logs have in common.
            follower = follower with { AgreedOffset = appended.EndOffset };
            Role = follower;
            AdvanceWithLeader(follower);
        }
    }

    private void Note(LogSynced synced, Now now)
    {
        // A log that was cut meanwhile has no more than it has.
        _syncedOffset = Math.Max(_syncedOffset, Math.Min(synced.EndOffset, _history.EndOffset));
        if (Role is Leader leader)
        {
            Advance(leader with { Progress = leader.Progress.With(_settings.Self, _syncedOffset, _history.EndOffset, Voters, now.WallMs) });
        }
        else if (Role is Follower { IsTaking: true } follower && _syncedOffset == _history.EndOffset)
        {
            Fetch(follower with { IsTaking = false });
        }
    }

    private void Note(SnapshotInstalled installed)
    {
        _history.StartOver(installed.Id);
        _voters.StartOver(installed.Voters);
        _syncedOffset = installed.Id.EndOffset;
        HighWatermark = Math.Max(HighWatermark, installed.Id.EndOffset);
        if (Role is Follower { IsTaking: true } follower)
        {
            Fetch(follower with { IsTaking = false });
        }
    }

    /// <summary>Moves the high watermark to where a majority of the voters has the log, over a record of this epoch.</summary>
    private void Advance(Leader leader)
    {
        Invariant.Holds(_syncedOffset <= _history.EndOffset, $"{_syncedOffset} is durable of a metadata log that ends at {_history.EndOffset}");
        Role = leader;
        var majorityEnd = leader.Progress.MajorityEnd(Voters);
        if (_history.StartOf(Epoch) is { } start && majorityEnd > start)
        {
            HighWatermark = Math.Max(HighWatermark, majorityEnd);
        }
    }

    /// <summary>Moves the high watermark with the leader's, as far as the logs are known to be the same.</summary>
    private void AdvanceWithLeader(Follower follower) => HighWatermark = Math.Max(HighWatermark, Math.Min(follower.LeaderHighWatermark, follower.AgreedOffset));

    private void Detach(int epoch, Now now)
    {
        Epoch = epoch;
        Become(new Unattached(ReplicaKey.None, now.After(ElectionDelayMs())));
    }

    /// <summary>What the role before wanted to have done is void, but for what is durable already.</summary>
    private void Become(RaftRole role)
    {
        Role = role;
        _append = null;
        _install = null;
        _requests.Clear();
    }

    private IEnumerable<ReplicaKey> Others() => Voters.Voters.Select(voter => voter.Key).Where(key => !key.Matches(_settings.Self));

    private long NextToken() => ++_lastToken;

    private long ElectionDelayMs() => _settings.ElectionTimeoutMs + _random.NextInt64(_settings.ElectionTimeoutMs + 1);
}
