using System.Globalization;
using System.Text;
using KafkaCompat.Broker.Tests;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>
/// Whatever changes something, sent together with whatever reads it: the read is answered as if it were sent after the change was answered. Each on a topic,
/// group and client id of its own, whose name alone may differ.
/// </summary>
public sealed class RequestPairTests
{
    private const int CorrelationId = 7;
    private const string Placeholder = "pair-name-00000";

    private static readonly (string Name, Func<string, byte[]> Frame)[] Changes =
    [
        ("CreateTopics", Create),
        ("CreatePartitions", AddPartitions),
        ("DeleteTopics", Delete),
        ("IncrementalAlterConfigs",
            static name =>
            Frame(new IncrementalAlterConfigsRequest
            {
                Resources = [new() { ResourceType = 2, ResourceName = name, Configs = [new() { Name = "retention.ms", Value = "12345" }] }],
            }, 0)),
        ("IncrementalAlterConfigs max.message.bytes",
            static name =>
            Frame(new IncrementalAlterConfigsRequest
            {
                Resources = [new() { ResourceType = 2, ResourceName = name, Configs = [new() { Name = "max.message.bytes", Value = "60" }] }],
            }, 0)),
        ("AlterConfigs",
            static name =>
            Frame(new AlterConfigsRequest
            {
                Resources = [new() { ResourceType = 2, ResourceName = name, Configs = [new() { Name = "retention.ms", Value = "54321" }] }],
            }, 0)),
        ("AlterClientQuotas",
            static name =>
            Frame(new AlterClientQuotasRequest
            {
                Entries =
                    [new() { Entity = [new() { EntityType = "client-id", EntityName = name }], Ops = [new() { Key = "consumer_byte_rate", Value = 1e9 }] }],
            }, 0)),
        ("Produce", Produce),
        ("DeleteRecords",
            static name =>
            Frame(new DeleteRecordsRequest { Topics = [new() { Name = name, Partitions = [new() { PartitionIndex = 0, Offset = -1 }] }], TimeoutMs = 120_000 },
            0)),
        ("OffsetCommit", Commit),
        ("OffsetDelete",
            static name => Frame(new OffsetDeleteRequest { GroupId = name, Topics = [new() { Name = name, Partitions = [new() { PartitionIndex = 0 }] }] }, 0)),
        ("DeleteGroups", static name => Frame(new DeleteGroupsRequest { GroupsNames = [name] }, 0)),
        ("Fetch that waits", static name => Frame(Records.Fetch(name, 1, maxWaitMs: 50), 4)),
    ];

    private static readonly (string Name, Func<string, byte[]> Frame)[] Reads =
    [
        ("Metadata", static name => Frame(new MetadataRequest { Topics = [new() { Name = name }], AllowAutoTopicCreation = false }, 4)),
        ("DescribeConfigs",
            static name =>
            Frame(new DescribeConfigsRequest
            {
                Resources = [new() { ResourceType = 2, ResourceName = name, ConfigurationKeys = ["retention.ms", "max.message.bytes"] }],
            }, 1)),
        ("DescribeClientQuotas",
            static name => Frame(new DescribeClientQuotasRequest { Components = [new() { EntityType = "client-id", Match = name }], Strict = true }, 0)),
        ("ListOffsets",
            static name => Frame(new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = name, Partitions = [new() { Timestamp = -1 }] }] }, 1)),
        ("Fetch", static name => Frame(Records.Fetch(name, 0), 4)),
        ("OffsetFetch", static name => Frame(new OffsetFetchRequest { GroupId = name, Topics = [new() { Name = name, PartitionIndexes = [0] }] }, 1)),
        ("DescribeGroups", static name => Frame(new DescribeGroupsRequest { Groups = [name] }, 0)),
        ("OffsetForLeaderEpoch",
            static name =>
            Frame(new OffsetForLeaderEpochRequest { ReplicaId = -1, Topics = [new() { Topic = name, Partitions = [new() { CurrentLeaderEpoch = -1 }] }] }, 2)),
        ("Produce", Produce),
        ("OffsetCommit", Commit),
        ("CreateTopics", Create),
        ("CreatePartitions", AddPartitions),
        ("DeleteTopics", Delete),
    ];

    [Fact]
    public async Task Sent_together_a_read_sees_what_it_sees_sent_alone()
    {
        await using var node = await SocketNode.Start();
        using var keeper = node.Connect();
        await Eventually.Is(async () =>
            (await keeper.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4)).Coordinators[
            0].ErrorCode == ErrorCode.None);
        var number = 0;
        var different = new List<string>();
        foreach (var change in Changes)
        {
            foreach (var read in Reads)
            {
                var together = await AnswerOf(change, read, isTogether: true);
                var alone = await AnswerOf(change, read, isTogether: false);
                if (together != alone) different.Add($"{change.Name} then {read.Name}: {together} sent together, {alone} one by one");
            }
        }

        Assert.Empty(different);

        async Task<string> AnswerOf((string Name, Func<string, byte[]> Frame) change, (string Name, Func<string, byte[]> Frame) read, bool isTogether)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"pair-name-{++number:00000}");
            if (change.Name != "CreateTopics")
            {
                _ = await node.CreateTopic(name, 1);
                await keeper.Send(Produce(name));
                Assert.NotNull(await keeper.Receive());
                await Eventually.Is(async () =>
                    (await keeper.Ask<OffsetCommitRequest, OffsetCommitResponse>(CommitOf(name), 2)).Topics[0].Partitions[0].ErrorCode == ErrorCode.None);
            }

            using var client = node.Connect();
            if (isTogether)
            {
                await client.Send(new byte[][] { change.Frame(name), read.Frame(name) }.SelectMany(static frame => frame).ToArray());
                Assert.NotNull(await client.Receive());
            }
            else
            {
                await client.Send(change.Frame(name));
                Assert.NotNull(await client.Receive());
                await client.Send(read.Frame(name));
            }

            return Encoding.Latin1.GetString((await client.Receive())!).Replace(name, Placeholder, StringComparison.Ordinal);
        }
    }

    private static byte[] Frame<TRequest>(TRequest request, short version)
        where TRequest : class, IRequest<TRequest> =>
        WireFrames.Of(request, version, CorrelationId);

    private static byte[] Create(string name) =>
        Frame(new CreateTopicsRequest { Topics = [new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 }], TimeoutMs = 120_000 }, 2);

    private static byte[] AddPartitions(string name) =>
        Frame(new CreatePartitionsRequest { Topics = [new() { Name = name, Count = 3, Assignments = null }], TimeoutMs = 120_000 }, 0);

    private static byte[] Delete(string name) => Frame(new DeleteTopicsRequest { TopicNames = [name], TimeoutMs = 120_000 }, 1);

    private static byte[] Produce(string name) => Frame(Records.Produce(name, Records.Batch()), 3);

    private static byte[] Commit(string name) => Frame(CommitOf(name), 2);

    private static OffsetCommitRequest CommitOf(string name) => new()
    {
        GroupId = name,
        GenerationIdOrMemberEpoch = -1,
        Topics = [new() { Name = name, Partitions = [new() { PartitionIndex = 0, CommittedOffset = 1, CommittedMetadata = "m" }] }],
    };
}
