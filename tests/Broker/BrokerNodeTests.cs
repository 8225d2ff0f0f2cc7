using KafkaCompat.Broker.Quorum;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>Whole nodes, quorum and controller included, on a disk in memory.</summary>
public sealed class BrokerNodeTests
{
    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    [Fact]
    public async Task A_node_formats_an_empty_directory_and_serves()
    {
        await using var node = await Start();
        var client = Connect(node);
        var metadata = await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
        Assert.Equal(1, Assert.Single(metadata.Brokers).NodeId);
        Assert.Equal(22, metadata.ClusterId!.Length);
        await CreateTopic(client, "t");
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch(10)));
    }

    [Fact]
    public async Task Topics_and_records_are_there_after_a_restart()
    {
        Uuid id;
        await using (var node = await Start())
        {
            var client = Connect(node);
            id = await CreateTopic(client, "t");
            _ = await Records.Send(client, "t", Records.Batch(10));
        }
        Assert.True(_files.FileExists("/data/.kafka_cleanshutdown"));
        await using (var node = await Start())
        {
            Assert.False(_files.FileExists("/data/.kafka_cleanshutdown"));
            var client = Connect(node);
            var metadata = await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
            Assert.Equal(id, Assert.Single(metadata.Topics).TopicId);
            Assert.Equal(ErrorCode.None, metadata.Topics[0].Partitions[0].ErrorCode);
            Assert.Equal(10, await Records.Send(client, "t", Records.Batch(10)));
            var fetched = await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 0), 12);
            Assert.Equal([0, 10], Records.BaseOffsets(fetched.Responses[0].Partitions[0].Records));
        }
    }

    [Fact]
    public async Task Producer_ids_are_given_out_once_across_restarts()
    {
        var seen = new HashSet<long>();
        for (var run = 0; run < 3; run++)
        {
            await using var node = await Start();
            var client = Connect(node);
            for (var i = 0; i < 5; i++)
            {
                var response = await client.Ask<InitProducerIdRequest, InitProducerIdResponse>(new() { TransactionalId = null, TransactionTimeoutMs = 1000 }, 4);
                Assert.Equal(ErrorCode.None, response.ErrorCode);
                Assert.Equal(0, response.ProducerEpoch);
                Assert.True(seen.Add(response.ProducerId));
            }
        }
    }

    [Fact]
    public async Task A_deleted_topic_can_be_made_again()
    {
        await using var node = await Start();
        var client = Connect(node);
        var first = await CreateTopic(client, "t");
        _ = await Records.Send(client, "t", Records.Batch(10));
        var deleted = await client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { Topics = { new() { Name = "t" } }, TimeoutMs = 1000 }, 6);
        Assert.Equal(ErrorCode.None, deleted.Responses[0].ErrorCode);
        Assert.Equal(first, deleted.Responses[0].TopicId);
        Assert.NotEqual(first, await CreateTopic(client, "t"));
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch(10)));
    }

    [Fact]
    public async Task A_directory_of_another_node_is_refused()
    {
        await using (await Start()) { }
        var refused = await Assert.ThrowsAsync<QuorumStateException>(() => Start(("node.id", "2")));
        Assert.Contains("node id", refused.Message, StringComparison.Ordinal);
        await using (await Start()) { }
    }

    [Fact]
    public async Task With_flush_messages_an_acknowledgement_waits_for_the_disk()
    {
        await using var node = await Start();
        var client = Connect(node);
        _ = await CreateTopic(client, "t", ("flush.messages", "1"));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(i * 10, await Records.Send(client, "t", Records.Batch(10)));
            Assert.True(node.Broker.Partitions.Find("t", 0)!.Log.RecoveryPoint >= (i + 1) * 10);
        }
    }

    private async Task<BrokerNode> Start(params (string Name, string Value)[] settings) =>
        await BrokerNode.StartAsync(TestNode.ConfigOf(settings), _files, TimeProvider.System, new Random(5), NullLoggerFactory.Instance);

    private static MemoryClient Connect(BrokerNode node)
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, node.Serve(connection, "PLAINTEXT"));
    }

    private static async Task<Uuid> CreateTopic(MemoryClient client, string name, params (string Name, string Value)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = 1, ReplicationFactor = 1 };
        foreach (var (key, value) in configs) topic.Configs.Add(new() { Name = key, Value = value });
        var response = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(new() { Topics = { topic } }, 7);
        Assert.Equal(ErrorCode.None, response.Topics[0].ErrorCode);
        return response.Topics[0].TopicId;
    }
}
