using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Replication;

/// <summary>
/// The replicas of one partition, their controller and what is on its way between them. Nothing moves by itself: whoever plays says which message is
/// delivered, lost or doubled, and when. <see cref="Check"/> holds what a cluster promises, after whatever was done.
/// </summary>
internal sealed class ReplicaCluster
{
    /// <summary>Records that one answer holds.</summary>
    private const int MaxRecords = 3;

    private readonly ReplicationSettings _settings;
    private readonly Dictionary<long, LogRecord> _committed = [];
    private readonly Dictionary<LeaderReplica, long> _seen = [];
    private long _value;
    private long _lastBrokerEpoch;

    public ReplicaCluster(int[] replicas, int[] isr, int leader, ReplicationSettings settings)
    {
        _settings = settings;
        Nodes = [.. replicas.Select(static id => new ReplicaNode(id))];
        _lastBrokerEpoch = replicas.Max();
        Registration = new PartitionRegistration
        {
            Replicas = [.. replicas],
            Directories = [.. replicas.Select(static _ => Uuid.Zero)],
            Isr = [.. isr],
            Leader = leader,
            LeaderEpoch = 1,
            PartitionEpoch = 0,
        };
        Tell();
    }

    public IReadOnlyList<ReplicaNode> Nodes { get; }

    /// <summary>What the controller has decided.</summary>
    public PartitionRegistration Registration { get; private set; }

    /// <summary>What is on its way, in the order of sending.</summary>
    public List<ReplicaMessage> Network { get; } = [];

    public long Tick { get; private set; }

    public ReplicaNode Node(int id) => Nodes.Single(node => node.Id == id);

    /// <summary>A leader, or who takes itself for one, writes records.</summary>
    public void Append(int id, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (Node(id) is { Leader: { } leader } node)
                node.Append(new LogRecord(leader.LeaderEpoch, ++_value));
        }
    }

    /// <summary>A follower sends its next fetch.</summary>
    public void Fetch(int id)
    {
        if (Node(id) is not { Follower: { } follower, Known: { HasLeader: true } known } node)
            return;
        var ask = follower.Ask();
        Network.Add(new FetchSent(id, known.Leader, node.BrokerEpoch, Node(known.Leader).BrokerEpoch, ask, node.EpochBefore(ask.Offset)));
    }

    /// <summary>Time passes for all leaders.</summary>
    public void PassTo(long tick)
    {
        Tick = tick;
        foreach (var node in Nodes)
        {
            if (node.Leader is { } leader)
                Send(node, leader.OnTick(tick));
        }
    }

    /// <summary>Leaders forget what is before an offset.</summary>
    public void Forget(int id, long offset)
    {
        if (Node(id) is { Leader: not null } node && offset > node.Start && offset <= node.HighWatermark)
            node.ForgetBefore(offset);
    }

    /// <summary>The controller lets a member of the ISR lead.</summary>
    public void Elect(int id)
    {
        if (!Registration.Isr.Contains(id) || !Node(id).IsAlive)
            return;
        Decide(Registration with { Leader = id, LeaderEpoch = Registration.LeaderEpoch + 1 });
    }

    /// <summary>A replica ends, and the controller hears of it. The last member of the ISR stays that.</summary>
    public void Kill(int id, long checkpoint)
    {
        var node = Node(id);
        if (!node.IsAlive)
            return;
        node.Die(checkpoint);
        var isr = Registration.Isr.Length > 1 ? Registration.Isr.Remove(id) : Registration.Isr;
        var leads = Registration.Leader == id;
        var next = leads ? isr.FirstOrDefault(member => Node(member).IsAlive, PartitionRegistration.NoLeader) : Registration.Leader;
        Decide(Registration with { Isr = isr, Leader = next, LeaderEpoch = Registration.LeaderEpoch + (leads ? 1 : 0) });
    }

    /// <summary>A replica comes back. One that is not in the ISR may have lost what it had from an offset on.</summary>
    public void Restart(int id, long keep)
    {
        var node = Node(id);
        if (node.IsAlive)
            return;
        if (!Registration.Isr.Contains(id))
            node.Lose(keep);
        (node.IsAlive, node.BrokerEpoch) = (true, ++_lastBrokerEpoch);
        if (!Registration.HasLeader)
            Elect(id);
        Network.Add(new MetadataTold(id, node.BrokerEpoch, Registration));
    }

    /// <summary>Tells every replica what the controller has decided.</summary>
    public void Tell()
    {
        foreach (var node in Nodes.Where(static node => node.IsAlive))
            Network.Add(new MetadataTold(node.Id, node.BrokerEpoch, Registration));
    }

    /// <summary>A message does not arrive. Whoever has asked the controller hears that it could not be asked.</summary>
    public void Lose(ReplicaMessage message)
    {
        _ = Network.Remove(message);
        if (message is IsrAsked asked)
            Network.Add(new IsrAnswered(asked.From, asked.FromLife, asked.Change, IsrAnswer.Refused(ErrorCode.RequestTimedOut)));
        if (message is IsrAnswered answered)
            Network.Add(answered with { Answer = IsrAnswer.Refused(ErrorCode.RequestTimedOut) });
    }

    /// <summary>A message arrives, unless its connection has ended.</summary>
    public void Deliver(ReplicaMessage message)
    {
        if (!Lives(message.From, message.FromLife) || !Lives(message.To, message.ToLife))
            return;
        switch (message)
        {
            case FetchSent sent: OnFetch(Node(sent.To), sent); break;
            case FetchAnswered answered: OnAnswer(Node(answered.To), answered); break;
            case IsrAsked asked: OnIsr(asked, Verdict(asked)); break;
            case IsrAnswered answered when Node(answered.To).Leader is { } leader:
                Send(Node(answered.To), leader.OnIsrAnswer(answered.Change, answered.Answer));
                break;
            case MetadataTold told: OnMetadata(Node(told.To), told.Registration); break;
        }
    }

    /// <summary>The controller answers what it was asked, as it should or as somebody wants it to.</summary>
    public void OnIsr(IsrAsked asked, ErrorCode error)
    {
        if (error == ErrorCode.None)
            Decide(Registration with { Isr = [.. asked.Change.Isr.Select(static member => member.Id)] });
        var answer = error == ErrorCode.None ? new IsrAnswer(error, Registration.PartitionEpoch, Registration.Isr) : IsrAnswer.Refused(error);
        Network.Add(new IsrAnswered(asked.From, asked.FromLife, asked.Change, answer));
    }

    /// <summary>
    /// What was committed once has not become another record, every member of the committed ISR has all of it, and no leader's high watermark has gone back.
    /// </summary>
    public void Check()
    {
        foreach (var node in Nodes)
        {
            var isWithin = node.Start <= node.HighWatermark && node.HighWatermark <= node.End;
            Assert.True(isWithin, $"{node.Id} has {node.Start}..{node.End} and {node.HighWatermark} committed");
            if (node.Leader is not { } leader)
                continue;
            Assert.True(leader.HighWatermark >= _seen.GetValueOrDefault(leader), $"the high watermark of {node.Id} went back");
            for (var offset = Math.Max(node.Start, _seen.GetValueOrDefault(leader)); offset < leader.HighWatermark; offset++)
            {
                var record = node.At(offset);
                if (!_committed.TryAdd(offset, record))
                    Assert.True(_committed[offset] == record, $"{node.Id} has committed {record} at {offset}, where {_committed[offset]} was");
            }
            _seen[leader] = leader.HighWatermark;
        }
        foreach (var node in Registration.Isr.Select(Node))
        {
            foreach (var (offset, record) in _committed)
            {
                var has = offset < node.Start || (offset < node.End && node.At(offset) == record);
                Assert.True(has, $"{node.Id} is in sync and lacks {record} at {offset}, which was committed");
            }
        }
    }

    private bool Lives(int id, long life) => id == 0 || (Node(id).IsAlive && Node(id).BrokerEpoch == life);

    private void Decide(PartitionRegistration registration)
    {
        Registration = registration with { PartitionEpoch = registration.PartitionEpoch + 1 };
        Tell();
    }

    private ErrorCode Verdict(IsrAsked asked)
    {
        if (asked.Change.LeaderEpoch != Registration.LeaderEpoch || asked.From != Registration.Leader)
            return ErrorCode.FencedLeaderEpoch;
        if (asked.Change.PartitionEpoch != Registration.PartitionEpoch)
            return ErrorCode.InvalidUpdateVersion;
        return asked.Change.Isr.All(member => Node(member.Id) is { IsAlive: true } node && (member.BrokerEpoch < 0 || member.BrokerEpoch == node.BrokerEpoch))
            ? ErrorCode.None
            : ErrorCode.IneligibleReplica;
    }

    private void OnMetadata(ReplicaNode node, PartitionRegistration registration)
    {
        if (node.Known is { } known && registration.PartitionEpoch <= known.PartitionEpoch)
            return;
        node.Known = registration;
        if (registration.Leader == node.Id)
        {
            if (node.Leader?.LeaderEpoch == registration.LeaderEpoch)
            {
                Send(node, node.Leader.OnMetadata(registration, Tick));
                return;
            }
            node.Become(new LeaderReplica(node.Id, registration, _settings, node.End, node.HighWatermark, Tick), null);
            _ = node.Leader!.OnOwnLog(node.End, node.End);
        }
        else if (node.Follower?.LeaderEpoch != registration.LeaderEpoch)
        {
            node.Become(null, new FollowerReplica(registration.LeaderEpoch, node.Start, node.End, node.HighWatermark));
        }
    }

    private void OnFetch(ReplicaNode node, FetchSent sent)
    {
        if (node.Leader is not { } leader)
            return;
        var ask = sent.Ask;
        var fetch = new FollowerFetch(sent.From, sent.FromLife, ask.LeaderEpoch, ask.Offset, sent.LastEpoch, node.EndOf(sent.LastEpoch), MayJoin: true);
        var verdict = leader.OnFetch(fetch, Tick);
        var error = verdict is { Error: ErrorCode.None, Diverging: null } && sent.Ask.Offset < node.Start ? ErrorCode.OffsetOutOfRange : verdict.Error;
        Send(node, verdict.Step);
        var serves = error == ErrorCode.None && verdict.Diverging is null;
        Network.Add(new FetchAnswered(node.Id, sent.From, node.BrokerEpoch, sent.FromLife, sent.Ask, error, verdict.Diverging)
        {
            Records = serves ? [.. node.Log.Skip((int)(sent.Ask.Offset - node.Start)).Take(MaxRecords)] : [],
            HighWatermark = leader.HighWatermark,
            LogStart = node.Start,
            LogEnd = node.End,
        });
    }

    private static void OnAnswer(ReplicaNode node, FetchAnswered answer)
    {
        if (node.Follower is not { } follower || follower.LeaderEpoch != answer.Ask.LeaderEpoch)
            return;
        var step = answer switch
        {
            { Error: ErrorCode.OffsetOutOfRange } => follower.OnOutOfRange(answer.Ask.Token, answer.LogStart, answer.LogEnd),
            { Error: not ErrorCode.None } => null,
            { Diverging: { } end } => follower.OnDiverging(answer.Ask.Token, end, node.EndOf(end.Epoch)),
            _ => follower.OnFetched(answer.Ask.Token, Batches(answer)),
        };
        if (step is not { } todo)
            return;
        Assert.Equal(ErrorCode.None, todo.Error);
        node.Execute(todo, answer.Records);
    }

    private static FetchedBatches Batches(FetchAnswered answer)
    {
        var from = answer.Ask.Offset;
        return new FetchedBatches(answer.Records.Count > 0 ? from : -1, from + answer.Records.Count, answer.HighWatermark, answer.LogStart);
    }

    private void Send(ReplicaNode node, LeaderStep step)
    {
        if (step.Change is { } change)
            Network.Add(new IsrAsked(node.Id, node.BrokerEpoch, change));
    }
}
