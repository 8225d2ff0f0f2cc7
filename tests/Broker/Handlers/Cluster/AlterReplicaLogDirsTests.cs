using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Replicas moved between the directories of a node.</summary>
public sealed class AlterReplicaLogDirsTests
{
    [Theory]
    [InlineData("/data", "a", 0, ErrorCode.None)]
    [InlineData("/data", "a", 9, ErrorCode.UnknownTopicOrPartition)]
    [InlineData("/data", "nope", 0, ErrorCode.UnknownTopicOrPartition)]
    [InlineData("/other", "a", 0, ErrorCode.LogDirNotFound)]
    [InlineData("/other", "nope", 0, ErrorCode.LogDirNotFound)]
    [InlineData("/data/", "a", 0, ErrorCode.LogDirNotFound)]
    public async Task A_replica_is_where_it_is(string path, string topic, int partition, ErrorCode error)
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        _ = await node.CreateTopic("a", 3);
        var request = new AlterReplicaLogDirsRequest { Dirs = { new() { Path = path, Topics = { new() { Name = topic, Partitions = { partition } } } } } };
        foreach (var version in (short[])[1, 2])
        {
            var result = Assert.Single((await client.Ask<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse>(request, version)).Results);
            Assert.Equal((topic, partition, error), (result.TopicName, result.Partitions[0].PartitionIndex, result.Partitions[0].ErrorCode));
        }
    }
}
