using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

public sealed class ListOffsetsTests() : NodeTests("t")
{
    private protected override async Task Prepare()
    {
        for (var i = 0; i < 5; i++) _ = await Records.Send(Client, "t", Records.Batch(10, timestamp: Records.StartMs + (i * 1000)));
    }

    [Theory]
    [InlineData(-1, 50, -1)]
    [InlineData(-2, 0, -1)]
    [InlineData(-3, 49, Records.StartMs + 4009)]
    [InlineData(-4, 0, -1)]
    [InlineData(-5, -1, -1)]
    [InlineData(-6, -1, -1)]
    [InlineData(Records.StartMs, 0, Records.StartMs)]
    [InlineData(Records.StartMs + 2003, 23, Records.StartMs + 2003)]
    [InlineData(Records.StartMs + 2500, 30, Records.StartMs + 3000)]
    [InlineData(Records.StartMs + 5000, -1, -1)]
    public async Task Each_place_is_found(long timestamp, long offset, long found)
    {
        var result = await Ask(timestamp, 11);
        Assert.Equal(ErrorCode.None, result.ErrorCode);
        Assert.Equal(offset, result.Offset);
        Assert.Equal(found, result.Timestamp);
        Assert.Equal(offset < 0 ? -1 : 0, result.LeaderEpoch);
    }

    [Theory]
    [InlineData(-3, 6)]
    [InlineData(-4, 7)]
    [InlineData(-5, 8)]
    [InlineData(-6, 10)]
    [InlineData(-7, 11)]
    public async Task A_place_that_a_version_does_not_know_is_refused(long timestamp, short version) =>
        Assert.Equal(ErrorCode.UnsupportedVersion, (await Ask(timestamp, version)).ErrorCode);

    [Fact]
    public async Task A_partition_named_twice_is_refused()
    {
        var request = Request(-1);
        request.Topics[0].Partitions.Add(new() { Timestamp = -1 });
        var response = await Client.Ask<ListOffsetsRequest, ListOffsetsResponse>(request, 11);
        Assert.Equal(ErrorCode.InvalidRequest, Assert.Single(response.Topics[0].Partitions).ErrorCode);
    }

    private async Task<ListOffsetsResponse.ListOffsetsPartitionResponse> Ask(long timestamp, short version) =>
        (await Client.Ask<ListOffsetsRequest, ListOffsetsResponse>(Request(timestamp), version)).Topics[0].Partitions[0];

    private static ListOffsetsRequest Request(long timestamp) =>
        new() { ReplicaId = -1, Topics = { new() { Name = "t", Partitions = { new() { Timestamp = timestamp } } } } };
}
