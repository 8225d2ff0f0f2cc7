using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Who writes to a partition.</summary>
public sealed class DescribeProducersTests
{
    [Fact]
    public async Task The_producers_of_a_partition_are_told()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        _ = await node.CreateTopic("a", 3);
        _ = await Records.Send(client, "a", Records.Batch(3, producerId: 7, epoch: 2, sequence: 0));
        var request = new DescribeProducersRequest
        {
            Topics =
            {
                new() { Name = "a", PartitionIndexes = { 0, 1, 9 } },
                new() { Name = "nope", PartitionIndexes = { 0 } },
                new() { Name = "a b", PartitionIndexes = { 0 } },
            },
        };
        var topics = (await client.Ask<DescribeProducersRequest, DescribeProducersResponse>(request, 0)).Topics;
        var producer = Assert.Single(topics[0].Partitions[0].ActiveProducers);
        Assert.Equal((7, 2, 2, Records.StartMs + 2, -1, -1),
            (producer.ProducerId, producer.ProducerEpoch, producer.LastSequence, producer.LastTimestamp, producer.CoordinatorEpoch,
            producer.CurrentTxnStartOffset));
        Assert.Empty(topics[0].Partitions[1].ActiveProducers);
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, null), (topics[0].Partitions[2].ErrorCode, topics[0].Partitions[2].ErrorMessage));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, "This server does not host this topic-partition."),
            (topics[1].Partitions[0].ErrorCode, topics[1].Partitions[0].ErrorMessage));
        Assert.Equal(ErrorCode.InvalidTopicException, topics[2].Partitions[0].ErrorCode);
    }
}
