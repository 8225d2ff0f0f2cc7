using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Where <c>unclean.leader.election.enable</c> is set decides whom it holds for: a topic, all, or the node that is the controller.</summary>
public sealed class UncleanElectionTests
{
    private readonly TestController _node = TestController.New();

    [Theory]
    [InlineData(ConfigResourceType.Topic, "t", "true", 2)]
    [InlineData(ConfigResourceType.Broker, "", "true", 2)]
    [InlineData(ConfigResourceType.Broker, "", " TRUE", 2)]
    [InlineData(ConfigResourceType.Broker, "1", "true", 2)]
    [InlineData(ConfigResourceType.Broker, "2", "true", -1)]
    [InlineData(ConfigResourceType.Topic, "u", "true", -1)]
    public void A_replica_that_lacks_records_leads_where_that_was_allowed(ConfigResourceType type, string name, string value, int leader)
    {
        _node.Join(2);
        _node.CreateTopics(
            new CreateTopicsRequest
            {
                Topics = [new() { Name = "t", NumPartitions = -1, ReplicationFactor = -1, Assignments = [new() { BrokerIds = [1, 2] }] }],
            });
        _node.Apply(
            [new VersionedRecord(new ConfigRecord { ResourceType = (sbyte)type, ResourceName = name, Name = "unclean.leader.election.enable", Value = value },
            0)]);
        foreach (var broker in (int[])[2, 2, 1, 1])
        {
            _node.Heartbeat(wantShutDown: true, broker);
        }

        Assert.Equal(-1, Leader);
        _node.Join(2);
        Assert.Equal(leader, Leader);
    }

    private int Leader => _node.State.Image.FindTopic("t")!.Partitions[0].Leader;
}
