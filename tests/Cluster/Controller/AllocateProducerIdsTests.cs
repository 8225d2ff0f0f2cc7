using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Brokers take ids of producers in blocks, of which none is given twice.</summary>
public sealed class AllocateProducerIdsTests
{
    [Fact]
    public void Producer_ids_come_in_blocks_of_a_thousand()
    {
        var node = TestController.New();
        var request = new AllocateProducerIdsRequest { BrokerId = 1, BrokerEpoch = node.State.Image.Brokers[1].Epoch };
        for (var block = 0; block < 3; block++)
        {
            var decision = node.State.Decide(request);
            node.Apply(decision);
            Assert.Equal((ErrorCode.None, block * 1000L, 1000), (decision.Reply.ErrorCode, decision.Reply.ProducerIdStart, decision.Reply.ProducerIdLen));
        }

        Assert.Equal(ErrorCode.StaleBrokerEpoch, node.State.Decide(new AllocateProducerIdsRequest { BrokerId = 1, BrokerEpoch = 99 }).Reply.ErrorCode);
        Assert.Equal(ErrorCode.BrokerIdNotRegistered, node.State.Decide(new AllocateProducerIdsRequest { BrokerId = 7 }).Reply.ErrorCode);
    }

    [Fact]
    public void The_next_controller_goes_on_behind_the_last_block()
    {
        var node = TestController.New();
        var epoch = node.State.Image.Brokers[1].Epoch;
        Assert.Equal(["""ProducerIdsRecord {"nextProducerId":1000}"""],
            node.Apply(node.State.Decide(new AllocateProducerIdsRequest { BrokerId = 1, BrokerEpoch = epoch })));
        node = TestController.Over(node.Log, node.State.NextOffset + 1);
        node.Activate();
        Assert.Equal(1000, node.State.Decide(new AllocateProducerIdsRequest { BrokerId = 1, BrokerEpoch = epoch }).Reply.ProducerIdStart);
    }

    [Fact]
    public void When_there_are_none_left_none_is_given()
    {
        var node = TestController.New();
        node.Apply([new VersionedRecord(new ProducerIdsRecord { BrokerId = 1, NextProducerId = long.MaxValue - 999 }, 0)]);
        var decision = node.State.Decide(new AllocateProducerIdsRequest { BrokerId = 1, BrokerEpoch = node.State.Image.Brokers[1].Epoch });
        Assert.Equal((ErrorCode.UnknownServerError, 0), (decision.Reply.ErrorCode, decision.Records.Count));
    }
}
