using System.Net.Sockets;
using System.Text.RegularExpressions;
using KafkaCompat.Broker.Tests;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>What a person reads at INFO of a node's life, in the order in which it happens.</summary>
public sealed partial class InfoLogTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-info-");

    [Fact]
    public async Task The_log_tells_what_the_node_is_and_what_is_done_to_it()
    {
        using var program = ProgramProcess.Start(
            _folder.FullName, [("KAFKA_LOG_LEVEL", "INFO")],
            [.. ProgramProcess.Anywhere, "--override", "kafkacompat.topics=orders:3", "--override", "listener.name.plaintext.ssl.keystore.password=geheim",
                "--override", "group.initial.rebalance.delay.ms=0"]);
        var port = int.Parse(Port().Match((await program.Line())!).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        using (var client = await Connect(port))
        {
            await Do(client);
        }

        var (_, errors) = await program.Stop();
        Assert.DoesNotContain("geheim", errors, StringComparison.Ordinal);
        Assert.Contains("listener.name.plaintext.ssl.keystore.password",
            Assert.Single(errors.Split('\n'), static line => line.Contains(" WARN ", StringComparison.Ordinal)), StringComparison.Ordinal);
        var at = 0;
        foreach (var expected in (string[])
        [
            "kafkacompat [0-9.]+.* \\(Apache Kafka 4\\.4\\) starts as node 1 with the roles broker,controller, process [0-9]+",
            "Settings other than their default: .*group.initial.rebalance.delay.ms=0, .*listener.name.plaintext.ssl.keystore.password=\\[hidden\\]",
            "Created topic orders, partitions: 3\\.",
            "Node 1 of cluster .{22} serves clients on PLAINTEXT://localhost:[0-9]+, topics: 1, partitions: 3, directories: .*/data",
            "Created topic audit, partitions: 2 \\(retention.ms=60000\\)\\.",
            "Configs of topic audit changed: retention.ms=70000, segment.bytes=1048576\\.",
            "Configs of broker 1 changed: max.connections=500\\.",
            "Quotas of client-id (batch|\"batch\") changed: producer_byte_rate=1000000\\.",
            "Refused [0-9]+ bytes of records for topic nowhere partition 0 from client .*: UnknownTopicOrPartition\\.",
            "Group team rebalances in generation 0, members: 1\\.",
            "Group team is in generation 1, members: 1\\. Leader .+ assigns the partitions\\.",
            "Group team is stable in generation 1, members: 1\\.",
            "The last member of group team left, in generation",
            "Deleted topic audit, partitions: 2\\.",
            "Stopping on SIGTERM",
            "Stopped after [0-9]+ ms",
        ])
        {
            var match = Regex.Match(errors[at..], expected);
            Assert.True(match.Success, $"{expected} is not in\n{errors[at..]}");
            at += match.Index + match.Length;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task Do(SocketClient client)
    {
        var created = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
            new CreateTopicsRequest
            {
                TimeoutMs = 120_000,
                Topics = { new() { Name = "audit", NumPartitions = 2, ReplicationFactor = 1, Configs = { new() { Name = "retention.ms", Value = "60000" } } } },
            },
            7);
        Assert.Equal(ErrorCode.None, created.Topics[0].ErrorCode);
        await Set(client, 2, "audit", ("retention.ms", "70000"), ("segment.bytes", "1048576"));
        await Set(client, 4, "1", ("max.connections", "500"));
        var quotas = await client.Ask<AlterClientQuotasRequest, AlterClientQuotasResponse>(
            new AlterClientQuotasRequest
            {
                Entries =
                {
                    new() { Entity = { new() { EntityType = "client-id", EntityName = "batch" } },
                        Ops = { new() { Key = "producer_byte_rate", Value = 1_000_000 } } },
                },
            },
            1);
        Assert.Equal(ErrorCode.None, quotas.Entries[0].ErrorCode);
        _ = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce("nowhere", Records.Batch()), 12);
        await UseGroup(client);
        var deleted = await client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new DeleteTopicsRequest { TopicNames = { "audit" }, TimeoutMs = 120_000 }, 5);
        Assert.Equal(ErrorCode.None, deleted.Responses[0].ErrorCode);
    }

    private static async Task UseGroup(SocketClient client)
    {
        await Eventually.Is(async () =>
            (await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "team" }, 2)).ErrorCode == ErrorCode.None);
        JoinGroupResponse? joined = null;
        await Eventually.Is(async () =>
        {
            joined = await client.Ask<JoinGroupRequest, JoinGroupResponse>(
                new JoinGroupRequest
                {
                    GroupId = "team",
                    SessionTimeoutMs = 120_000,
                    RebalanceTimeoutMs = 120_000,
                    ProtocolType = "consumer",
                    Protocols = { new() { Name = "range", Metadata = Array.Empty<byte>() } },
                },
                3);
            return joined.ErrorCode == ErrorCode.None;
        });
        var synced = await client.Ask<SyncGroupRequest, SyncGroupResponse>(
            new SyncGroupRequest { GroupId = "team", GenerationId = joined!.GenerationId, MemberId = joined.MemberId }, 2);
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        var left = await client.Ask<LeaveGroupRequest, LeaveGroupResponse>(new LeaveGroupRequest { GroupId = "team", MemberId = joined.MemberId }, 2);
        Assert.Equal(ErrorCode.None, left.ErrorCode);
    }

    private static async Task Set(SocketClient client, sbyte type, string name, params (string Key, string Value)[] configs)
    {
        var resource = new IncrementalAlterConfigsRequest.AlterConfigsResource { ResourceType = type, ResourceName = name };
        foreach (var (key, value) in configs)
        {
            resource.Configs.Add(new() { Name = key, ConfigOperation = 0, Value = value });
        }

        var response = await client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest { Resources = { resource } }, 1);
        Assert.Equal(ErrorCode.None, response.Responses[0].ErrorCode);
    }

    private static async Task<SocketClient> Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
        return new SocketClient(socket);
    }

    [GeneratedRegex("on localhost:([0-9]+)")]
    private static partial Regex Port();
}
