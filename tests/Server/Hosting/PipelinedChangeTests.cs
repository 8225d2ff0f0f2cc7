using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>A request that reads metadata sees the change that stands before it on its connection, over a real quorum and its disk.</summary>
public sealed class PipelinedChangeTests
{
    [Fact]
    public async Task Changes_and_looks_at_them_that_are_sent_together_are_answered_in_order()
    {
        const int Rounds = 20;
        await using var node = await SocketNode.Start();
        var client = node.Connect();
        var bytes = new List<byte>();
        for (var i = 0; i < Rounds; i++)
        {
            var name = $"t{i}";
            bytes.AddRange(
                WireFrames.Of(new CreateTopicsRequest { Topics = { new() { Name = name, NumPartitions = 3, ReplicationFactor = 1 } } }, 7, (4 * i) + 1));
            bytes.AddRange(WireFrames.Of(Look(name), 12, (4 * i) + 2));
            bytes.AddRange(WireFrames.Of(new DeleteTopicsRequest { TimeoutMs = 60_000, Topics = { new() { Name = name } } }, 6, (4 * i) + 3));
            bytes.AddRange(WireFrames.Of(Look(name), 12, (4 * i) + 4));
        }

        await client.Send(bytes.ToArray());
        for (var i = 0; i < Rounds; i++)
        {
            var created = WireFrames.Decode<CreateTopicsRequest, CreateTopicsResponse>((await client.Receive())!, 7).Topics[0];
            Assert.Equal(($"t{i}", ErrorCode.None), (created.Name, created.ErrorCode));
            var seen = WireFrames.Decode<MetadataRequest, MetadataResponse>((await client.Receive())!, 12).Topics[0];
            Assert.Equal((ErrorCode.None, created.TopicId, 3), (seen.ErrorCode, seen.TopicId, seen.Partitions.Count));
            Assert.All(seen.Partitions, static partition => Assert.Equal((ErrorCode.None, 1), (partition.ErrorCode, partition.LeaderId)));
            Assert.Equal(ErrorCode.None, WireFrames.Decode<DeleteTopicsRequest, DeleteTopicsResponse>((await client.Receive())!, 6).Responses[0].ErrorCode);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition,
                WireFrames.Decode<MetadataRequest, MetadataResponse>((await client.Receive())!, 12).Topics[0].ErrorCode);
        }
    }

    private static MetadataRequest Look(string topic) => new() { Topics = [new() { Name = topic }], AllowAutoTopicCreation = false };
}
