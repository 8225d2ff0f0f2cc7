using System.Net;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Peers;
using KafkaCompat.Broker.Tests.Handlers;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Broker.Tests.Peers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.AspNetCore.Connections;
using Xunit;

namespace KafkaCompat.Broker.Tests.Controller;

/// <summary>The way to a controller on another node: a node of ours with the real frames between, and a peer whose answers the test writes.</summary>
public sealed class RemoteControllerChannelTests : IAsyncLifetime
{
    private readonly RecordingAuthorizer _rules = new();
    private readonly ScriptedPeer _scripted = new();
    private readonly TaskCompletionSource<long> _awaited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _applied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PeerConnection> _connections = [];
    private readonly ManualTime _time = new();
    private TestNode _node = null!;

    public ValueTask InitializeAsync()
    {
        _node = TestNode.Start(IWorkThreads.None, new NodeSeams { Authorizer = _rules });
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections) await connection.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task A_client_is_known_to_the_controller_by_its_own_name_and_address()
    {
        _applied.SetResult();
        var channel = To(new NodeInMemory(_node, "CONTROLLER"));
        var answer = await channel.Forward(OfAlice(Topic("a"), 7));
        Assert.Equal(ErrorCode.None, answer.Error);
        var created = Assert.IsType<CreateTopicsResponse>(answer.Response).Topics[0];
        Assert.Equal((ErrorCode.None, created.TopicId), (created.ErrorCode, _node.Controller.Image.FindTopic("a")!.Id));
        Assert.Contains(_rules.Asked, static question =>
            question is { Principal: "User:ANONYMOUS", Operation: AclOperation.ClusterAction, ResourceType: ResourceType.Cluster });
        Assert.Contains(_rules.Asked, static question =>
            question is { Principal: "User:alice", Operation: AclOperation.Create } && question.Address.Equals(IPAddress.Parse("10.1.2.3")));
        _rules.Denies = static question => question.Principal == "User:alice";
        answer = await channel.Forward(OfAlice(Topic("b"), 7));
        Assert.Equal(ErrorCode.TopicAuthorizationFailed, Assert.IsType<CreateTopicsResponse>(answer.Response).Topics[0].ErrorCode);
        // Whoever may not act for the cluster passes nothing on.
        _rules.Denies = static question => question.Operation == AclOperation.ClusterAction;
        Assert.Equal(ForwardedAnswer.Without(ErrorCode.ClusterAuthorizationFailed), await channel.Forward(OfAlice(Topic("c"), 7)));
    }

    [Fact]
    public async Task A_client_is_answered_when_this_node_has_applied_what_the_controller_had_committed()
    {
        var channel = To(new NodeInMemory(_node, "CONTROLLER"));
        var asked = channel.Forward(OfAlice(Topic("a"), 7));
        Assert.Equal(TestNode.Quorum().HighWatermark - 1, await _awaited.Task);
        Assert.NotNull(_node.Controller.Image.FindTopic("a"));
        Assert.False(asked.IsCompleted);
        _applied.SetResult();
        Assert.Equal(ErrorCode.None, (await asked).Error);
    }

    /// <summary>What the controller has decided is known, whether or not this node comes as far.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_is_answered_where_this_node_does_not_come_as_far(bool stops)
    {
        var channel = To(new NodeInMemory(_node, "CONTROLLER"));
        var asked = channel.Forward(OfAlice(Topic("a"), 7));
        _ = await _awaited.Task;
        if (stops) _applied.SetException(new ObjectDisposedException("the applier"));
        await Eventually.Is(() =>
        {
            if (!stops) _time.Advance(TimeSpan.FromMilliseconds(RemoteControllerChannel.MaxApplyWaitMs));
            return asked.IsCompleted;
        });
        Assert.Equal(ErrorCode.None, Assert.IsType<CreateTopicsResponse>((await asked).Response).Topics[0].ErrorCode);
    }

    [Fact]
    public async Task What_a_broker_asks_for_itself_goes_as_it_is()
    {
        var channel = To(_scripted);
        var asked = channel.Forward(new ForwardedRequest(new BrokerHeartbeatRequest { BrokerId = 2, BrokerEpoch = 5 }, 1));
        var end = await _scripted.Greet((ApiKey.BrokerHeartbeat, 0, 1), (ApiKey.Envelope, 0, 0));
        var request = await end.Read();
        Assert.Equal((ApiKey.BrokerHeartbeat, (short)1), (request.Key, request.Version));
        await end.Answer(request, new BrokerHeartbeatResponse { ErrorCode = ErrorCode.StaleBrokerEpoch });
        Assert.Equal(ErrorCode.StaleBrokerEpoch, Assert.IsType<BrokerHeartbeatResponse>((await asked).Response).ErrorCode);
        asked = channel.Forward(new ForwardedRequest(new BrokerHeartbeatRequest { BrokerId = 2, BrokerEpoch = 5 }, 1));
        await end.Answer(await end.Read(), new BrokerHeartbeatResponse { ErrorCode = ErrorCode.NotController });
        Assert.Equal(ForwardedAnswer.Without(ErrorCode.NotController), await asked);
        asked = channel.Forward(new ForwardedRequest(new AllocateProducerIdsRequest { BrokerId = 2, BrokerEpoch = 5 }, 0));
        Assert.Equal(ForwardedAnswer.Without(ErrorCode.UnsupportedVersion), await asked);
    }

    [Fact]
    public async Task Where_no_controller_answers_whoever_asked_hears_that()
    {
        var nobody = new RemoteControllerChannel(static () => null, static _ => Task.CompletedTask, _time);
        Assert.Equal(ForwardedAnswer.Without(ErrorCode.NotController), await nobody.Forward(OfAlice(Topic("a"), 7)));
        var channel = To(_scripted);
        _scripted.IsDown = true;
        Assert.Equal(ForwardedAnswer.Without(ErrorCode.NotController), await channel.Forward(OfAlice(Topic("a"), 7)));
        _scripted.IsDown = false;
        var asked = channel.Forward(OfAlice(Topic("a"), 7));
        var end = await _scripted.Greet((ApiKey.Envelope, 0, 0));
        await end.Answer(await end.Read(), new EnvelopeResponse { ErrorCode = ErrorCode.NotController });
        Assert.Equal(ForwardedAnswer.Without(ErrorCode.NotController), await asked);
        // A controller that does not tell how far the metadata is committed has answered all the same.
        asked = channel.Forward(OfAlice(Topic("a"), 7));
        var decided = ForwardedAnswer.Of(new CreateTopicsResponse { Topics = { new() { Name = "a" } } });
        await end.Answer(await end.Read(), decided.ToEnvelope(OfAlice(Topic("a"), 7)));
        Assert.Equal("a", Assert.IsType<CreateTopicsResponse>((await asked).Response).Topics[0].Name);
        Assert.False(_awaited.Task.IsCompleted);
    }

    private static ForwardedRequest OfAlice(IRequest request, short version) => new(request, version)
    {
        User = "alice",
        ClientId = "shop",
        ClientAddress = IPAddress.Parse("10.1.2.3"),
        CorrelationId = 42,
    };

    private static CreateTopicsRequest Topic(string name) =>
        new() { TimeoutMs = 600_000, Topics = { new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 } } };

    private RemoteControllerChannel To(IConnectionFactory peer)
    {
        var settings = new PeerSettings { ClientId = "node-2", ClusterId = TestNode.ClusterId, RequestTimeoutMs = 600_000, BackoffMs = 1, MaxBackoffMs = 1 };
        var connection = new PeerConnection(new PeerAddress(1, new DnsEndPoint("there", 9093)), peer, settings, TimeProvider.System, new Random(5));
        _connections.Add(connection);
        return new RemoteControllerChannel(() => connection, offset =>
        {
            _ = _awaited.TrySetResult(offset);
            return _applied.Task;
        }, _time);
    }
}
