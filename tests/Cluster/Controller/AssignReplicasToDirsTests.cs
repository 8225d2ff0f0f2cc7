using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>A broker of several log directories: where its replicas are, and what becomes of them when a directory is lost.</summary>
public sealed class AssignReplicasToDirsTests
{
    private static readonly Uuid s_first = new(0x11, 0x11), s_second = new(0x22, 0x22), s_fresh = new(0x33, 0x33);

    private readonly TestController _node;

    public AssignReplicasToDirsTests()
    {
        _node = TestController.Over(new MetadataLoader(), 3);
        _node.Activate();
        _node.Register([s_first, s_second], -1);
        _node.Heartbeat();
        _node.CreateTopic("t", 3);
    }

    [Fact]
    public void A_new_replica_has_no_directory_until_the_broker_tells()
    {
        Assert.Equal(DirectoryIds.Unassigned, Directory(0));
        var (records, reply) = Assign((s_first, 0), (s_second, 1));
        Assert.Equal(
            [$"PartitionChangeRecord {{\"directories\":[\"{s_first}\"]}}", $"PartitionChangeRecord {{\"directories\":[\"{s_second}\"]}}"], records);
        Assert.All(reply.Directories, static d => Assert.Equal(ErrorCode.None, d.Topics[0].Partitions[0].ErrorCode));
        Assert.Equal((s_first, s_second, DirectoryIds.Unassigned), (Directory(0), Directory(1), Directory(2)));
        Assert.Equal(0, Partition(0).LeaderEpoch);
        // Said again it changes nothing.
        Assert.Empty(Assign((s_first, 0)).Records);
    }

    [Fact]
    public void A_lost_directory_costs_its_partitions_their_leader_and_no_other()
    {
        Assign((s_first, 0), (s_second, 1), (s_first, 2));
        var records = Heartbeat(s_second);
        Assert.Equal(
            [
                "PartitionChangeRecord {\"isr\":[],\"leader\":-1,\"eligibleLeaderReplicas\":[1],\"lastKnownElr\":[1]}",
                $"BrokerRegistrationChangeRecord {{\"logDirs\":[\"{s_first}\"]}}",
            ],
            records);
        Assert.Equal((1, -1, 1), (Partition(0).Leader, Partition(1).Leader, Partition(2).Leader));
        Assert.Empty(Heartbeat(s_second));
    }

    [Fact]
    public void A_broker_that_returns_with_another_directory_leads_only_what_it_still_has()
    {
        Assign((s_first, 0), (s_second, 1));
        Stop();
        _node.Register([s_first, s_fresh], -1);
        _node.Heartbeat();
        Assert.Equal((1, -1, 1), (Partition(0).Leader, Partition(1).Leader, Partition(2).Leader));
        // Told of its new place, it still has nobody to lead: an empty log is no replacement unless the broker comes back once more.
        Assign((s_fresh, 1));
        Assert.Equal((s_fresh, -1), (Directory(1), Partition(1).Leader));
    }

    [Fact]
    public void A_directory_that_is_lost_while_the_broker_starts_brings_no_leader()
    {
        Assign((s_first, 0), (s_second, 1));
        var epoch = _node.State.Image.Brokers[1].Epoch;
        Stop();
        _node.Register([s_first, s_second], epoch);
        Heartbeat(s_second);
        Assert.False(_node.State.Image.Brokers[1].IsFenced);
        Assert.Equal((1, -1, 1), (Partition(0).Leader, Partition(1).Leader, Partition(2).Leader));
    }

    [Fact]
    public void A_replica_that_moves_to_a_directory_that_is_gone_loses_its_leader()
    {
        Assign((s_first, 0), (s_second, 1));
        Heartbeat(s_second);
        Assign((s_second, 0));
        Assert.Equal((s_second, -1), (Directory(0), Partition(0).Leader));
    }

    [Fact]
    public void What_does_not_exist_cannot_be_assigned()
    {
        var topic = _node.State.Image.FindTopic("t")!.Id;
        var request = Request((s_first, 0), (s_first, 9));
        request.Directories[0].Topics.Add(new() { TopicId = new Uuid(9, 9), Partitions = [new() { PartitionIndex = 0 }] });
        var reply = _node.State.Decide(request).Reply;
        Assert.Equal(
            [(topic, 0, ErrorCode.None), (topic, 9, ErrorCode.UnknownTopicOrPartition), (new Uuid(9, 9), 0, ErrorCode.UnknownTopicId)],
            reply.Directories[0].Topics.SelectMany(static t => t.Partitions, static (t, p) => (t.TopicId, p.PartitionIndex, p.ErrorCode)));
        request.BrokerEpoch--;
        Assert.Equal(ErrorCode.StaleBrokerEpoch, _node.State.Decide(request).Reply.ErrorCode);
    }

    private PartitionRegistration Partition(int index) => _node.State.Image.FindPartition("t", index)!;

    private Uuid Directory(int index) => Partition(index).Directories[0];

    private void Stop()
    {
        Assert.False(_node.Heartbeat(wantShutDown: true).ShouldShutDown);
        Assert.True(_node.Heartbeat(wantShutDown: true).ShouldShutDown);
    }

    private List<string> Heartbeat(params Uuid[] offline)
    {
        var request = new BrokerHeartbeatRequest
        {
            BrokerId = 1,
            BrokerEpoch = _node.State.Image.Brokers[1].Epoch,
            CurrentMetadataOffset = _node.State.NextOffset - 1,
            OfflineLogDirs = [.. offline],
            CordonedLogDirs = [],
        };
        return _node.Apply(_node.State.Decide(request, _node.Now));
    }

    private (List<string> Records, AssignReplicasToDirsResponse Reply) Assign(params (Uuid Directory, int Partition)[] replicas)
    {
        var decision = _node.State.Decide(Request(replicas));
        Assert.Equal(ErrorCode.None, decision.Reply.ErrorCode);
        return (_node.Apply(decision), decision.Reply);
    }

    private AssignReplicasToDirsRequest Request(params (Uuid Directory, int Partition)[] replicas) => new()
    {
        BrokerId = 1,
        BrokerEpoch = _node.State.Image.Brokers[1].Epoch,
        Directories = [.. replicas.GroupBy(static r => r.Directory).Select(directory => new AssignReplicasToDirsRequest.DirectoryData
        {
            Id = directory.Key,
            Topics =
            [
                new()
                {
                    TopicId = _node.State.Image.FindTopic("t")!.Id,
                    Partitions = [.. directory.Select(static r => new AssignReplicasToDirsRequest.PartitionData { PartitionIndex = r.Partition })],
                },
            ],
        })],
    };
}
