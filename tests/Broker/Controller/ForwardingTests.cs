using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Controller;

/// <summary>
/// One path forwards every API to the controller, and what it carries are values. A key of the specs that a broker forwards is in these tests by itself.
/// </summary>
public sealed class ForwardingTests : IAsyncLifetime
{
    private readonly List<WireChannel> _channels = [];
    private TestNode _node = null!;

    /// <summary>Those that the specs call forwardable on a broker's listener and that are served there.</summary>
    public static TheoryData<ApiKey> Forwardable =>
        [.. ApiCatalog.All.ToArray()
            .Where(static api => api.Forwardable && api.Listeners.HasFlag(ApiListeners.Broker) && ServedVersions.All.Any(served => served.Key == api.Key))
                .Select(static api => api.Key)];

    private WireChannel Channel => Assert.Single(_channels);

    public ValueTask InitializeAsync()
    {
        _node = TestNode.Start(IWorkThreads.None, new NodeSeams
        {
            ControllerChannel = controller =>
            {
                _channels.Add(new WireChannel(controller));
                return _channels[0];
            },
        });
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    /// <summary>The answer of a broker's listener is that of the controller's own, in every version, and came over the channel as bytes.</summary>
    [Theory]
    [MemberData(nameof(Forwardable))]
    public async Task Each_version_of_a_forwardable_key_crosses_the_channel_and_is_answered_as_the_controller_answers(ApiKey key)
    {
        var versions = ServedVersions.All.Single(served => served.Key == key).Versions;
        for (var version = versions.Min; version <= versions.Max; version++)
        {
            var request = FilledMessages.Request(key, version);
            var carried = Channel.Carried.Count;
            var byBroker = await Ask("PLAINTEXT", request, version);
            Assert.Equal(carried + 1, Channel.Carried.Count);
            var crossed = Channel.Carried.Last();
            Assert.Equal((key, version, "ANONYMOUS", "test", "PLAINTEXT"),
                (crossed.Body.Key, crossed.Version, crossed.User, crossed.ClientId, crossed.ListenerName));
            Assert.Equal(WireFrames.Of(request, version, 1), WireFrames.Of(crossed.Body, version, 1));
            Assert.Equal(await Ask("CONTROLLER", request, version), byBroker);
        }
    }

    /// <summary>All that the request names is NOT_CONTROLLER, in the shape of the API, and the connection stays.</summary>
    [Theory]
    [MemberData(nameof(Forwardable))]
    public async Task Each_version_of_a_forwardable_key_is_answered_without_a_controller(ApiKey key)
    {
        Channel.IsWithoutController = true;
        var versions = ServedVersions.All.Single(served => served.Key == key).Versions;
        for (var version = versions.Min; version <= versions.Max; version++)
        {
            var frame = await Ask("PLAINTEXT", FilledMessages.Request(key, version), version);
            var reader = new WireReader(frame!);
            _ = reader.ReadInt32();
            if (ApiCatalog.Get(key).ResponseHeaderVersion(version) >= 1) _ = reader.ReadTagCount();
            var counts = new long[(int)ErrorCode.NotController + 2];
            var tally = new ErrorTally(counts);
            ApiCatalog.ReadResponse(key, ref reader, version).CountErrors(ref tally);
            Assert.True(counts[^1] > 0 && counts[^1] == counts.Sum(), $"{key} {version}");
        }
    }

    /// <summary>As Apache Kafka's broker: that the controller does not take its Envelopes is a fault of the node, and the client's connection stays.</summary>
    [Theory]
    [InlineData(ErrorCode.ClusterAuthorizationFailed)]
    [InlineData(ErrorCode.PrincipalDeserializationFailure)]
    [InlineData(ErrorCode.UnknownServerError)]
    public async Task A_client_is_told_of_a_server_error_where_the_controller_refuses_the_broker(ErrorCode refusal)
    {
        var request = new CreateTopicsRequest { Topics = { new() { Name = "refused", NumPartitions = 1, ReplicationFactor = 1 } } };
        var client = _node.Connect();
        Channel.Refusal = refusal;
        Assert.Equal(ErrorCode.UnknownServerError, (await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7)).Topics[0].ErrorCode);
        Channel.Refusal = ErrorCode.None;
        Assert.Equal(ErrorCode.None, (await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7)).Topics[0].ErrorCode);
    }

    /// <summary>The controller serves another version than the broker: as with Apache Kafka the client connects anew and learns it.</summary>
    [Fact]
    public async Task A_version_that_the_controller_does_not_serve_closes_the_connection()
    {
        Channel.Refusal = ErrorCode.UnsupportedVersion;
        var client = _node.Connect();
        _ = await client.Post(new CreateTopicsRequest { Topics = { new() { Name = "refused" } } }, 7);
        Assert.Null(await client.Receive());
    }

    [Fact]
    public async Task A_topic_that_a_request_creates_is_seen_by_the_Metadata_sent_behind_it()
    {
        var client = _node.Connect();
        for (var i = 0; i < 50; i++)
        {
            var name = $"t{i}";
            _ = await client.Post(new CreateTopicsRequest { Topics = { new() { Name = name, NumPartitions = 3, ReplicationFactor = 1 } } }, 7);
            _ = await client.Post(new MetadataRequest { Topics = [new() { Name = name }], AllowAutoTopicCreation = false }, 12);
            var created = MemoryClient.Decode<CreateTopicsRequest, CreateTopicsResponse>((await client.Receive())!, 7);
            Assert.Equal((name, ErrorCode.None), (created.Topics[0].Name, created.Topics[0].ErrorCode));
            var seen = MemoryClient.Decode<MetadataRequest, MetadataResponse>((await client.Receive())!, 12);
            Assert.Equal((ErrorCode.None, created.Topics[0].TopicId, 3), (seen.Topics[0].ErrorCode, seen.Topics[0].TopicId, seen.Topics[0].Partitions.Count));
        }
    }

    private async Task<byte[]?> Ask(string listener, IRequest request, short version)
    {
        var client = _node.Connect(listener);
        _ = await client.Post(request, version);
        var answer = await client.Receive();
        client.CloseSending();
        return answer;
    }
}
