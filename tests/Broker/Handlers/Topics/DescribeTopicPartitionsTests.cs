using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Topics in the order of their names, page by page.</summary>
public sealed class DescribeTopicPartitionsTests
{
    [Fact]
    public async Task Partitions_are_described_page_by_page()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        _ = await node.CreateTopic("orders", 3);
        _ = await node.CreateTopic("bills", 2);
        var pages = new List<string>();
        (string Topic, int Partition)? cursor = null;
        do
        {
            var request = new DescribeTopicPartitionsRequest
            {
                ResponsePartitionLimit = 2,
                Cursor = cursor is { } from ? new() { TopicName = from.Topic, PartitionIndex = from.Partition } : null,
            };
            var response = await client.Ask<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(request, 0);
            pages.Add(
                string.Join(' ', response.Topics.SelectMany(static topic => topic.Partitions.Select(partition => $"{topic.Name}-{partition.PartitionIndex}"))));
            cursor = response.NextCursor is { } next ? (next.TopicName, next.PartitionIndex) : null;
        }
        while (cursor is not null);
        Assert.Equal(["bills-0 bills-1", "orders-0 orders-1", "orders-2"], pages);
        var unknown = await client.Ask<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(new() { Topics = { new() { Name = "nobody" } } }, 0);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, unknown.Topics[0].ErrorCode);
    }
}
