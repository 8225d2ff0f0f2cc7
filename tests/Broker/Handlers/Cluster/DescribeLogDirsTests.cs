using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What the log directories hold.</summary>
public sealed class DescribeLogDirsTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private MemoryClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _node = TestNode.Start();
        _client = _node.Connect();
        _ = await _node.CreateTopic("a", 3);
        _ = await _node.CreateTopic("b");
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_directory_tells_the_partitions_asked_for_and_their_size()
    {
        var batch = Records.Batch(3);
        _ = await Records.Send(_client, "a", batch);
        _ = await Records.Send(_client, "a", batch);
        var request = new DescribeLogDirsRequest
        {
            Topics = [new() { Topic = "a", Partitions = [0, 9] }, new() { Topic = "nope", Partitions = [0] }, new() { Topic = "a", Partitions = [1, 0] }],
        };
        for (short version = 1; version <= 5; version++)
        {
            var response = await _client.Ask<DescribeLogDirsRequest, DescribeLogDirsResponse>(request, version);
            var directory = Assert.Single(response.Results);
            Assert.Equal((ErrorCode.None, "/data", false), (directory.ErrorCode, directory.LogDir, directory.IsCordoned));
            var topic = Assert.Single(directory.Topics);
            Assert.Equal("a", topic.Name);
            Assert.Equal([(0, 2L * batch.Length, 0L, false), (1, 0, 0, false)],
                topic.Partitions.Select(p => (p.PartitionIndex, p.PartitionSize, p.OffsetLag, p.IsFutureKey)));
        }
    }

    [Fact]
    public async Task All_topics_are_told_when_none_is_named()
    {
        var all = await _client.Ask<DescribeLogDirsRequest, DescribeLogDirsResponse>(new() { Topics = null }, 5);
        Assert.Equal(["a: 0,1,2", "b: 0"],
            Assert.Single(all.Results).Topics.Select(t => $"{t.Name}: {string.Join(",", t.Partitions.Select(p => p.PartitionIndex))}")
            .Order(StringComparer.Ordinal));
        var none = await _client.Ask<DescribeLogDirsRequest, DescribeLogDirsResponse>(new() { Topics = [] }, 5);
        Assert.Empty(Assert.Single(none.Results).Topics);
    }

    [Fact]
    public async Task A_directory_that_has_failed_says_so()
    {
        _ = _node.Broker.Partitions.Find("a", 0)!.Log.Health.FailedBy(new IOException("gone"));
        var directory = Assert.Single((await _client.Ask<DescribeLogDirsRequest, DescribeLogDirsResponse>(new() { Topics = null }, 5)).Results);
        Assert.Equal((ErrorCode.KafkaStorageError, "/data", 0), (directory.ErrorCode, directory.LogDir, directory.Topics.Count));
    }
}
