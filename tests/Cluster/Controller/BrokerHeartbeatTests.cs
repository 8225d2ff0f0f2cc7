using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>A broker lives, wants to be fenced, stops, or has lost a directory: what the controller makes of it.</summary>
public sealed class BrokerHeartbeatTests
{
    private static readonly Uuid OtherDirectory = new(0x1234, 0x9999);

    private readonly TestController _node = TestController.New();

    [Fact]
    public void A_session_that_ends_fences_the_broker()
    {
        _node.CreateTopic("t", 1);
        var records = _node.Pass(9_000);
        Assert.Contains("""BrokerRegistrationChangeRecord {"fenced":1}""", records);
        Assert.True(_node.State.Image.Brokers[1].IsFenced);
        Assert.False(_node.Heartbeat().IsFenced);
        Assert.Equal(2, _node.State.Image.FindPartition("t", 0)!.LeaderEpoch);
    }

    [Fact]
    public void A_broker_is_unfenced_when_it_has_caught_up_with_its_registration()
    {
        _node.CreateTopic("t", 1);
        _node.Apply(_node.State.Decide(_node.Registration([new Uuid(0x1234, 2)], -1, 2), _node.Now));
        var epoch = _node.State.Image.Brokers[2].Epoch;
        var behind = Beat(2, epoch, metadataOffset: epoch - 1);
        Assert.Equal((ErrorCode.None, false, true, false), Text(behind.Reply));
        Assert.Empty(behind.Records);
        // It may be there in time and not want to be seen yet.
        var unready = Beat(2, epoch, wantFence: true);
        Assert.Equal((ErrorCode.None, true, true, false), Text(unready.Reply));
        var ready = Beat(2, epoch);
        Assert.Equal((ErrorCode.None, true, false, false), Text(ready.Reply));
        Assert.Equal(["""BrokerRegistrationChangeRecord {"fenced":-1}"""], _node.Apply(ready.Records));
    }

    [Fact]
    public void A_broker_that_wants_to_be_fenced_leads_nothing_any_more()
    {
        _node.CreateTopic("t", 1);
        var fenced = Beat(1, _node.State.Image.Brokers[1].Epoch, wantFence: true);
        Assert.True(fenced.Reply.IsFenced);
        Assert.Contains("""BrokerRegistrationChangeRecord {"fenced":1}""", _node.Apply(fenced));
        Assert.Equal(-1, _node.State.Image.FindPartition("t", 0)!.Leader);
    }

    [Fact]
    public void A_broker_stops_when_others_lead_what_it_led()
    {
        _node.Join(2);
        _node.CreateTopics(new CreateTopicsRequest
        {
            Topics = [new() { Name = "t", NumPartitions = -1, ReplicationFactor = -1, Assignments = [new() { BrokerIds = [1, 2] }] }],
        });
        Assert.False(_node.Heartbeat(wantShutDown: true).ShouldShutDown);
        Assert.Equal(2, _node.State.Image.FindPartition("t", 0)!.Leader);
        Assert.True(_node.State.Image.Brokers[1].IsInControlledShutdown);
        var last = _node.Heartbeat(wantShutDown: true);
        Assert.Equal((true, true), (last.ShouldShutDown, last.IsFenced));
        Assert.True(_node.State.Image.Brokers[1].IsFenced);
    }

    [Fact]
    public void A_directory_that_is_lost_takes_its_replicas_out_and_is_forgotten()
    {
        Uuid kept = new(5, 5), gone = new(6, 6);
        _node.Apply(_node.State.Decide(_node.Registration([kept, gone], -1, 2), _node.Now));
        _node.Heartbeat(broker: 2);
        _node.CreateTopics(new CreateTopicsRequest
        {
            Topics = [new() { Name = "t", NumPartitions = -1, ReplicationFactor = -1, Assignments = [new() { BrokerIds = [2, 1] }] }],
        });
        var epoch = _node.State.Image.Brokers[2].Epoch;
        _node.Apply(_node.State.Decide(new AssignReplicasToDirsRequest
        {
            BrokerId = 2,
            BrokerEpoch = epoch,
            Directories = [new() { Id = gone, Topics = [new() { TopicId = _node.State.Image.FindTopic("t")!.Id, Partitions = [new()] }] }],
        }));
        // What is not the broker's is none of its loss.
        Assert.Empty(_node.State.Decide(Request(2, epoch, offline: [OtherDirectory]), _node.Now).Records);
        var written = _node.Apply(_node.State.Decide(Request(2, epoch, offline: [gone, OtherDirectory]), _node.Now));
        Assert.Equal($$"""BrokerRegistrationChangeRecord {"logDirs":["{{kept}}"]}""", written[^1]);
        Assert.Equal(1, _node.State.Image.FindPartition("t", 0)!.Leader);
    }

    [Fact]
    public void Directories_that_are_cordoned_are_written_when_they_change()
    {
        var epoch = _node.State.Image.Brokers[1].Epoch;
        Assert.Empty(_node.State.Decide(Request(1, epoch, cordoned: []), _node.Now).Records);
        var cordoned = _node.Apply(_node.State.Decide(Request(1, epoch, cordoned: [TestController.Directory]), _node.Now));
        Assert.Equal([$$"""BrokerRegistrationChangeRecord {"cordonedLogDirs":["{{TestController.Directory}}"]}"""], cordoned);
        Assert.Empty(_node.State.Decide(Request(1, epoch, cordoned: [TestController.Directory]), _node.Now).Records);
        Assert.Empty(_node.State.Decide(Request(1, epoch), _node.Now).Records);
    }

    [Fact]
    public void A_broker_that_is_not_registered_or_of_an_earlier_epoch_is_refused()
    {
        Assert.Equal((ErrorCode.BrokerIdNotRegistered, false, true, false), Text(Beat(7, 0).Reply));
        Assert.Equal((ErrorCode.StaleBrokerEpoch, false, true, false), Text(Beat(1, _node.State.Image.Brokers[1].Epoch - 1).Reply));
    }

    private Decision<BrokerHeartbeatResponse> Beat(int broker, long epoch, long metadataOffset = long.MaxValue, bool wantFence = false) =>
        _node.State.Decide(Request(broker, epoch, metadataOffset, wantFence), _node.Now);

    private static BrokerHeartbeatRequest Request(
        int broker, long epoch, long metadataOffset = long.MaxValue, bool wantFence = false, Uuid[]? offline = null, Uuid[]? cordoned = null) => new()
        {
            BrokerId = broker,
            BrokerEpoch = epoch,
            CurrentMetadataOffset = metadataOffset,
            WantFence = wantFence,
            OfflineLogDirs = [.. offline ?? []],
            CordonedLogDirs = cordoned is null ? null : [.. cordoned],
        };

    private static (ErrorCode Error, bool IsCaughtUp, bool IsFenced, bool ShouldShutDown) Text(BrokerHeartbeatResponse reply) =>
        (reply.ErrorCode, reply.IsCaughtUp, reply.IsFenced, reply.ShouldShutDown);
}
