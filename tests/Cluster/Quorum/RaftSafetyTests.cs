using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Quorum;

/// <summary>
/// Replicas among which messages are lost, doubled and late, which stop at any moment and come back with what was durable, with or without what was not. No
/// epoch has two leaders, and what one replica has committed all others commit too.
/// </summary>
public sealed class RaftSafetyTests
{
    private const int Steps = 4_000;

    [Theory]
    [InlineData(1, 40)]
    [InlineData(3, 3000)]
    [InlineData(5, 1500)]
    public void What_is_committed_stays_and_an_epoch_has_one_leader(int replicas, int seeds)
    {
        int committed = 0, elections = 0;
        for (var seed = 1; seed <= seeds; seed++)
        {
            var world = new World(replicas, seed);
            for (var step = 0; step < Steps; step++)
                world.Step();
            committed += world.Committed;
            elections += world.Elections;
        }
        // It is no proof of anything where nothing happens.
        Assert.True(committed > seeds * 5, $"{committed} records were committed.");
        Assert.True(elections > seeds * 2, $"{elections} leaders were elected.");
    }

    private sealed class World
    {
        private readonly Random _random;
        private readonly List<(int To, RaftMessage Message)> _messages = [];
        private readonly Dictionary<long, (int Asker, long Token)> _asked = [];
        private readonly Dictionary<(int Asker, long Token), int[]> _fetched = [];
        private readonly Dictionary<int, int> _leaders = [];
        private readonly List<int> _committed = [];
        private readonly Replica[] _replicas;
        private readonly VoterSet _voters;
        private readonly string _name;
        private long _now;
        private long _lastToken;
        private int _isolated = -1;

        public World(int replicas, int seed)
        {
            _name = $"{replicas} replicas, seed {seed}";
            _random = new Random(seed);
            _voters = new VoterSet([.. Enumerable.Range(0, replicas).Select(i => new Voter(Key(i), []))]);
            _replicas = [.. Enumerable.Range(0, replicas).Select(i => new Replica(i))];
            foreach (var replica in _replicas)
                Start(replica);
        }

        public int Committed => _committed.Count;

        public int Elections => _leaders.Count;

        private Now Now => new(1_800_000_000_000 + _now, _now);

        public void Step()
        {
            var replica = _replicas[_random.Next(_replicas.Length)];
            switch (_random.Next(20))
            {
                case 0:
                    _now += _random.Next(_random.Next(8) == 0 ? 2_000 : 100);
                    // Not everybody's timer is on time.
                    foreach (var each in _replicas.Where(_ => _random.Next(3) != 0))
                    {
                        each.Core.Tick(Now);
                        CarryOut(each);
                    }
                    break;
                case 1 when _random.Next(4) == 0:
                    // Nothing reaches one of them for a while.
                    _isolated = _random.Next(2) == 0 ? replica.Id : -1;
                    break;
                case 2 when _random.Next(6) == 0:
                    if (replica.Core.Role is Leader && _random.Next(2) == 0)
                        Resign(replica);
                    // What was written and not synced may be there or not.
                    replica.CutTo(_random.Next(replica.Synced, replica.Log.Count + 1));
                    Start(replica);
                    break;
                case 3 or 4 when replica.Core.Role is Leader:
                    replica.Log.Add(replica.Core.Epoch);
                    replica.Core.Step(new LogAppended(replica.Log.Count, replica.Core.Epoch), Now);
                    CarryOut(replica);
                    break;
                case 5 or 6:
                    replica.Synced = replica.Log.Count;
                    replica.Core.Step(new LogSynced(replica.Synced), Now);
                    CarryOut(replica);
                    break;
                default:
                    if (_messages.Count > 0)
                        Deliver();
                    break;
            }
        }

        private void Deliver()
        {
            var at = _random.Next(_messages.Count);
            var (to, message) = _messages[at];
            // Some come twice, some never.
            if (_random.Next(20) != 0)
                _messages.RemoveAt(at);
            if (to == _isolated || _random.Next(20) == 0)
            {
                // Whoever waits for an answer gives up after a while.
                var (asker, token) = message switch
                {
                    FetchRequested fetch => _asked[fetch.Token],
                    FetchAnswered answer => (to, answer.Token),
                    _ => default,
                };
                if (token > 0)
                    _messages.Add((asker, new RequestFailed(token)));
                return;
            }
            _replicas[to].Core.Step(message, Now);
            CarryOut(_replicas[to]);
        }

        /// <summary>It tells the others before it stops.</summary>
        private void Resign(Replica replica)
        {
            var others = _replicas.Where(other => other.Id != replica.Id).Select(other => Key(other.Id)).OrderBy(_ => _random.Next()).ToList();
            foreach (var other in others)
            {
                _asked[++_lastToken] = (replica.Id, 0);
                _messages.Add((other.Id, new EpochEnded(_lastToken, replica.Id, replica.Core.Epoch, others)));
            }
        }

        private void Start(Replica replica)
        {
            replica.Synced = replica.Log.Count;
            var epochs = replica.Log.Select((epoch, offset) => new EpochStart(epoch, offset)).DistinctBy(start => start.Epoch);
            replica.Core = new RaftCore(
                new RaftSettings(Key(replica.Id)), replica.Kept, new VoterHistory(_voters), new QuorumHistory(SnapshotId.Bootstrap, epochs, replica.Log.Count),
                    _random, Now);
            replica.HighWatermark = -1;
            CarryOut(replica);
        }

        private void CarryOut(Replica replica)
        {
            while (true)
            {
                var ready = replica.Core.TakeReady();
                replica.Kept = ready.Persist ?? replica.Kept;
                if (ready.TruncateTo is { } end)
                    replica.CutTo((int)end);
                switch (ready.Append)
                {
                    case EpochOpening opening: Append(replica, [opening.Epoch]); break;
                    case FetchedRecords fetched: Append(replica, _fetched[(replica.Id, fetched.Token)]); break;
                }
                Assert.Null(ready.Install);
                foreach (var request in ready.Requests)
                    Ask(replica, request);
                foreach (var reply in ready.Replies)
                    Answer(replica, reply);
                Judge(replica, ready);
                if (ready.Append is null)
                    return;
            }
        }

        private void Append(Replica replica, int[] epochs)
        {
            foreach (var epoch in epochs)
            {
                replica.Log.Add(epoch);
                replica.Core.Step(new LogAppended(replica.Log.Count, epoch), Now);
            }
        }

        private void Ask(Replica replica, RaftRequest request)
        {
            var token = ++_lastToken;
            _asked[token] = (replica.Id, request.Token);
            _messages.Add((request.To.Id, request switch
            {
                RaftRequest.Vote vote => new VoteRequested(token, Key(replica.Id), vote.Epoch, vote.EndOffset, vote.LastEpoch),
                RaftRequest.BeginEpoch begin => new EpochBegun(token, replica.Id, begin.Epoch),
                RaftRequest.Fetch fetch => new FetchRequested(token, Key(replica.Id), fetch.Epoch, fetch.Offset, fetch.LastEpoch),
                _ => throw new InvalidOperationException(request.ToString()),
            }));
        }

        private void Answer(Replica replica, RaftReply reply)
        {
            var (asker, token) = _asked[reply.Token];
            switch (reply)
            {
                case RaftReply.Vote vote:
                    _messages.Add((asker, new VoteAnswered(token, Key(replica.Id), vote.Epoch, vote.IsGranted, vote.LeaderId)));
                    break;
                case RaftReply.Records records:
                    var sent = replica.Log.Skip((int)records.FromOffset).Take(_random.Next(4)).ToArray();
                    // An answer that comes twice brings the same.
                    var isFirst = _fetched.TryAdd((asker, token), sent);
                    if (isFirst)
                        _messages.Add((asker, new FetchAnswered(token, records.LeaderId, records.Epoch, records.HighWatermark, HasRecords: sent.Length > 0)));
                    break;
                case RaftReply.Diverging diverging:
                    _messages.Add((asker, new FetchAnswered(token, diverging.LeaderId, diverging.Epoch, -1, diverging.End)));
                    break;
                case RaftReply.NotLeader:
                    _messages.Add((asker, new FetchAnswered(token, reply.LeaderId, reply.Epoch, -1)));
                    break;
            }
        }

        private void Judge(Replica replica, RaftReady ready)
        {
            if (replica.Core.Role is Leader)
            {
                Assert.True(_leaders.TryAdd(replica.Core.Epoch, replica.Id) || _leaders[replica.Core.Epoch] == replica.Id,
                    $"{_name}: epoch {replica.Core.Epoch} has two leaders.");
            }

            Assert.True(ready.HighWatermark >= replica.HighWatermark, $"{_name}: a high watermark fell.");
            replica.HighWatermark = ready.HighWatermark;
            Assert.True(ready.HighWatermark <= replica.Log.Count, $"{_name}: what is not there was committed.");
            for (var offset = 0; offset < ready.HighWatermark; offset++)
            {
                if (offset == _committed.Count)
                    _committed.Add(replica.Log[offset]);
                Assert.True(_committed[offset] == replica.Log[offset], $"{_name}: offset {offset} was committed twice.");
            }
        }

        private static ReplicaKey Key(int id) => new(id, new Uuid(0, 1000 + id));
    }

    private sealed class Replica(int id)
    {
        public int Id => id;

        public RaftCore Core { get; set; } = null!;

        public ElectionState? Kept { get; set; }

        /// <summary>The epoch of each record.</summary>
        public List<int> Log { get; } = [];

        public int Synced { get; set; }

        public long HighWatermark { get; set; }

        public void CutTo(int end)
        {
            Log.RemoveRange(end, Log.Count - end);
            Synced = Math.Min(Synced, end);
        }
    }
}
