using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

public sealed class DeleteRecordsTests() : NodeTests("t", partitions: 2)
{
    private protected override async Task Prepare()
    {
        for (var i = 0; i < 5; i++) _ = await Records.Send(Client, "t", Records.Batch(10));
    }

    [Theory]
    [InlineData(3, ErrorCode.None, 3)]
    [InlineData(0, ErrorCode.None, 0)]
    [InlineData(50, ErrorCode.None, 50)]
    [InlineData(-1, ErrorCode.None, 50)]
    [InlineData(51, ErrorCode.OffsetOutOfRange, -1)]
    [InlineData(-2, ErrorCode.OffsetOutOfRange, -1)]
    public async Task The_start_moves_to_the_offset_wherever_that_is_in_the_log(long offset, ErrorCode error, long lowWatermark)
    {
        var result = await Delete("t", 0, offset);
        Assert.Equal((error, lowWatermark), (result.ErrorCode, result.LowWatermark));
        var start = Math.Max(0, lowWatermark);
        Assert.Equal(start, await Earliest());
        var fetched = await Client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", start), 12);
        Assert.Equal((ErrorCode.None, start, 50), (fetched.Responses[0].Partitions[0].ErrorCode, fetched.Responses[0].Partitions[0].LogStartOffset,
            fetched.Responses[0].Partitions[0].HighWatermark));
    }

    [Fact]
    public async Task What_was_deleted_is_out_of_range_and_stays_deleted()
    {
        _ = await Delete("t", 0, 25);
        var lower = await Delete("t", 0, 7);
        Assert.Equal((ErrorCode.None, 25), (lower.ErrorCode, lower.LowWatermark));
        var fetched = await Client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 24), 12);
        Assert.Equal(ErrorCode.OffsetOutOfRange, fetched.Responses[0].Partitions[0].ErrorCode);
        Assert.Equal(50, await Records.Send(Client, "t", Records.Batch(1)));
    }

    [Fact]
    public async Task Topics_whose_records_may_not_go_are_refused()
    {
        _ = await Node.CreateTopic("compacted", 1, ("cleanup.policy", "compact"));
        _ = await Node.CreateTopic("both", 1, ("cleanup.policy", "compact,delete"));
        Assert.Equal(ErrorCode.PolicyViolation, (await Delete("compacted", 0, 0)).ErrorCode);
        Assert.Equal(ErrorCode.None, (await Delete("both", 0, 0)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await Delete("nope", 0, 0)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await Delete("t", 2, 0)).ErrorCode);
        _ = await Node.CreateTopic("__consumer_offsets", 1);
        Assert.Equal(ErrorCode.InvalidTopicException, (await Delete("__consumer_offsets", 0, 0)).ErrorCode);
    }

    [Fact]
    public async Task Of_a_partition_named_twice_the_last_offset_counts()
    {
        var request = new DeleteRecordsRequest
        {
            Topics = { new() { Name = "t", Partitions = { new() { Offset = 30 }, new() { PartitionIndex = 1 } } },
                new() { Name = "t", Partitions = { new() { Offset = 20 } } }, new() { Name = "none" } },
        };
        var topic = Assert.Single((await Client.Ask<DeleteRecordsRequest, DeleteRecordsResponse>(request, 0)).Topics);
        Assert.Equal([(0, 20), (1, 0)], topic.Partitions.Select(p => (p.PartitionIndex, p.LowWatermark)));
    }

    private async Task<DeleteRecordsResponse.DeleteRecordsPartitionResult> Delete(string topic, int partition, long offset)
    {
        var request = new DeleteRecordsRequest { Topics = { new() { Name = topic, Partitions = { new() { PartitionIndex = partition, Offset = offset } } } } };
        return Assert.Single(Assert.Single((await Client.Ask<DeleteRecordsRequest, DeleteRecordsResponse>(request, 2)).Topics).Partitions);
    }

    private async Task<long> Earliest()
    {
        var request = new ListOffsetsRequest { ReplicaId = -1, Topics = { new() { Name = "t", Partitions = { new() { Timestamp = -2 } } } } };
        return (await Client.Ask<ListOffsetsRequest, ListOffsetsResponse>(request, 7)).Topics[0].Partitions[0].Offset;
    }
}
