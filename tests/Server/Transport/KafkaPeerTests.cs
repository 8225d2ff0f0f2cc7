using System.Diagnostics;
using System.Net;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Peers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Server.Transport;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Transport;

/// <summary>Apache Kafka as the peer of our connection, over sockets, on both of its listeners.</summary>
public sealed class KafkaPeerTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-peer-");
    private readonly SocketTransport _transport = new(new SocketTransportOptions(), TimeProvider.System);
    private Process? _kafka;
    private NodeFolder _node = null!;

    public ValueTask InitializeAsync()
    {
        var tool = KafkaReference.Require("kafka");
        if (!File.Exists("/usr/bin/java") && Environment.GetEnvironmentVariable("JAVA") is null) Assert.Skip("There is no Java to run Apache Kafka with.");
        _node = NodeFolder.Create(_folder.FullName);
        _node.FormatByKafka(KafkaReference.Folder);
        _kafka = Process.Start(new ProcessStartInfo("bash", [tool, "kafka-server-start", _node.File])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _kafka.BeginOutputReadLine();
        _kafka.BeginErrorReadLine();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_kafka is not null)
        {
            _kafka.Kill(entireProcessTree: true);
            await _kafka.WaitForExitAsync();
            _kafka.Dispose();
        }
        _transport.AbortConnections();
        _transport.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>
    /// It connects as soon as Kafka is there, by pauses of its own, and asks what both know: as a client, as a broker that the controller does not know, as a
    /// replica of the metadata log.
    /// </summary>
    [Fact]
    public async Task Apache_Kafka_answers_on_both_listeners()
    {
        await using (var broker = Connect(_node.Port))
        {
            var cluster = await UntilReached(() => broker.Ask(new DescribeClusterRequest()));
            Assert.Equal((ErrorCode.None, NodeFolder.ClusterId), (cluster.ErrorCode, cluster.ClusterId));
            Assert.Equal(_node.Port, Assert.Single(cluster.Brokers).Port);
            // The controller alone serves it.
            var unserved = await Assert.ThrowsAsync<PeerException>(() => broker.Ask(new BrokerHeartbeatRequest { BrokerId = 9, BrokerEpoch = 1 }));
            Assert.Equal(PeerFault.UnsupportedVersion, unserved.Fault);
        }
        await using var controller = Connect(_node.ControllerPort);
        var heartbeat = await UntilReached(() => controller.Ask(new BrokerHeartbeatRequest { BrokerId = 9, BrokerEpoch = 1 }));
        Assert.Equal(ErrorCode.StaleBrokerEpoch, heartbeat.ErrorCode);
        var metadataLog = new DescribeQuorumRequest { Topics = { new() { TopicName = "__cluster_metadata", Partitions = { new() { PartitionIndex = 0 } } } } };
        var quorum = (await controller.Ask(metadataLog)).Topics[0].Partitions[0];
        Assert.Equal(1, quorum.LeaderId);
        var partition = new FetchRequest.FetchPartition { PartitionMaxBytes = 1 << 20, CurrentLeaderEpoch = quorum.LeaderEpoch, LastFetchedEpoch = 0 };
        var fetched = await controller.Ask(new FetchRequest
        {
            ReplicaState = new() { ReplicaId = 9 },
            ClusterId = NodeFolder.ClusterId,
            MaxBytes = 1 << 20,
            MaxWaitMs = 0,
            Topics = { new() { TopicId = Uuid.MetadataTopicId, Partitions = { partition } } },
        });
        Assert.Equal((ErrorCode.None, ErrorCode.None), (fetched.ErrorCode, fetched.Responses[0].Partitions[0].ErrorCode));
    }

    /// <summary>
    /// Kafka's controller decides what is passed on to it, and refuses what is no Envelope with the errors that ours gives; its high watermark lies behind the
    /// change that it has answered.
    /// </summary>
    [Fact]
    public async Task Apache_Kafkas_controller_decides_what_is_passed_on()
    {
        await using (var broker = Connect(_node.Port)) _ = await UntilReached(() => broker.Ask(new DescribeClusterRequest()));
        await using var controller = Connect(_node.ControllerPort);
        var applied = new List<long>();
        var channel = new RemoteControllerChannel(() => controller, offset =>
        {
            applied.Add(offset);
            return Task.CompletedTask;
        }, TimeProvider.System);
        var asked = new ForwardedRequest(
            new CreateTopicsRequest { TimeoutMs = 600_000, Topics = { new() { Name = "passed-on", NumPartitions = 2, ReplicationFactor = 1 } } }, 7)
        {
            User = "alice",
            ClientId = "shop",
            ClientAddress = IPAddress.Parse("10.1.2.3"),
            CorrelationId = 42,
        };
        Assert.Equal(ErrorCode.None, await Created());
        Assert.Equal(ErrorCode.TopicAlreadyExists, await Created());
        Assert.True(applied is [> 0, var later] && later >= applied[0]);
        // What a broker asks for itself is no client's.
        var heartbeat = await channel.Forward(new ForwardedRequest(new BrokerHeartbeatRequest { BrokerId = 9, BrokerEpoch = 1 }, 1));
        Assert.Equal(ErrorCode.StaleBrokerEpoch, Assert.IsType<BrokerHeartbeatResponse>(heartbeat.Response).ErrorCode);
        Assert.Equal(ErrorCode.PrincipalDeserializationFailure, await Refusal(static envelope => envelope.RequestPrincipal = [0]));
        Assert.Equal(ErrorCode.InvalidRequest, await Refusal(static envelope => envelope.ClientHostAddress = [10, 1, 2]));
        var unforwarded = new ForwardedRequest(new MetadataRequest(), 12) { User = "alice" }.ToEnvelope().RequestData;
        Assert.Equal(ErrorCode.InvalidRequest, await Refusal(envelope => envelope.RequestData = unforwarded));

        async Task<ErrorCode> Created() => Assert.IsType<CreateTopicsResponse>((await channel.Forward(asked)).Response).Topics[0].ErrorCode;

        async Task<ErrorCode> Refusal(Action<EnvelopeRequest> change)
        {
            var envelope = asked.ToEnvelope();
            change(envelope);
            return (await controller.Ask(envelope)).ErrorCode;
        }
    }

    /// <summary>Kafka tells a node that it is not the one which was meant (KIP-1242).</summary>
    [Fact]
    public async Task Another_node_at_the_address_is_found_out()
    {
        await using (var known = Connect(_node.Port)) _ = await UntilReached(() => known.Ask(new DescribeClusterRequest()));
        await using var mistaken = Connect(_node.Port, nodeId: 2);
        var fault = await Assert.ThrowsAsync<PeerException>(() => mistaken.Ask(new DescribeClusterRequest()));
        Assert.Equal((PeerFault.Unreachable, true), (fault.Fault, fault.Message.Contains("refuses the connection", StringComparison.Ordinal)));
    }

    private PeerConnection Connect(int port, int nodeId = 1) => new(
        new PeerAddress(nodeId, new DnsEndPoint("localhost", port)),
        _transport,
        new PeerSettings { ClientId = "node-9", ClusterId = NodeFolder.ClusterId, RequestTimeoutMs = 600_000 },
        TimeProvider.System,
        new Random(7));

    /// <summary>The answer, once the broker has started.</summary>
    private async Task<T> UntilReached<T>(Func<Task<T>> ask)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (PeerException fault) when (fault.Fault is PeerFault.Unreachable or PeerFault.Lost)
            {
                Assert.False(_kafka!.HasExited, "Apache Kafka has ended.");
            }
        }
    }
}
