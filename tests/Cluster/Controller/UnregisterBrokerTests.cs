using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>A broker is taken out of the metadata.</summary>
public sealed class UnregisterBrokerTests
{
    private readonly TestController _node = TestController.New();

    [Fact]
    public void A_broker_leaves_the_replicas_that_are_in_sync_and_others_lead()
    {
        _node.Join(2);
        _node.CreateTopics(new CreateTopicsRequest
        {
            Topics = [new() { Name = "t", NumPartitions = -1, ReplicationFactor = -1, Assignments = [new() { BrokerIds = [1, 2] }] }],
        });
        var decision = _node.State.Decide(new UnregisterBrokerRequest { BrokerId = 1 });
        Assert.Equal((ErrorCode.None, ""), (decision.Reply.ErrorCode, decision.Reply.ErrorMessage));
        Assert.Equal(["""PartitionChangeRecord {"isr":[2],"leader":2}""", "UnregisterBrokerRecord {}"], _node.Apply(decision));
        Assert.DoesNotContain(1, _node.State.Image.Brokers.Keys);
        Assert.Equal([1, 2], _node.State.Image.FindPartition("t", 0)!.Replicas);
    }

    [Fact]
    public void A_broker_that_was_unregistered_may_register_anew()
    {
        _node.Join(2);
        var epoch = _node.State.Image.Brokers[2].Epoch;
        _node.Apply(_node.State.Decide(new UnregisterBrokerRequest { BrokerId = 2 }));
        var beat = new BrokerHeartbeatRequest { BrokerId = 2, BrokerEpoch = epoch, CurrentMetadataOffset = long.MaxValue };
        Assert.Equal(ErrorCode.BrokerIdNotRegistered, _node.State.Decide(beat, _node.Now).Reply.ErrorCode);
        _node.Join(2);
        Assert.False(_node.State.Image.Brokers[2].IsFenced);
    }

    [Fact]
    public void One_that_is_not_registered_is_refused_in_Kafkas_words()
    {
        var refused = _node.State.Decide(new UnregisterBrokerRequest { BrokerId = 9 });
        Assert.Equal((ErrorCode.BrokerIdNotRegistered, "Broker ID 9 is not currently registered"), (refused.Reply.ErrorCode, refused.Reply.ErrorMessage));
        Assert.Empty(refused.Records);
    }

    [Fact]
    public void Who_may_not_alter_the_cluster_unregisters_nobody()
    {
        var refused = _node.State.Decide(new UnregisterBrokerRequest { BrokerId = 1 }, NothingAllowed.Access);
        Assert.Equal((ErrorCode.ClusterAuthorizationFailed, "Request needs ALTER permission."), (refused.Reply.ErrorCode, refused.Reply.ErrorMessage));
        Assert.Empty(refused.Records);
    }
}
