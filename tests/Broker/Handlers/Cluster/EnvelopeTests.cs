using System.Buffers;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Handlers.Cluster;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers.Cluster;

/// <summary>What is refused of Envelopes before anything is decided. What is decided is in the tests of the way to a controller on another node.</summary>
public sealed class EnvelopeTests : IAsyncLifetime
{
    private readonly RecordingAuthorizer _rules = new();
    private TestNode _node = null!;

    public ValueTask InitializeAsync()
    {
        _node = TestNode.Start(IWorkThreads.None, new NodeSeams { Authorizer = _rules });
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task What_is_no_Envelope_of_a_broker_is_refused_with_its_reason_and_the_connection_stays()
    {
        var good = OfAlice(new CreateTopicsRequest { Topics = { new() { Name = "a", NumPartitions = 1, ReplicationFactor = 1 } } }, 7);
        var client = _node.Connect("CONTROLLER");
        Assert.Equal(ErrorCode.PrincipalDeserializationFailure, await Refusal(Changed(static envelope => envelope.RequestPrincipal = null)));
        Assert.Equal(ErrorCode.PrincipalDeserializationFailure, await Refusal(Changed(static envelope => envelope.RequestPrincipal = [0])));
        Assert.Equal(ErrorCode.InvalidRequest, await Refusal(Changed(static envelope => envelope.ClientHostAddress = [10, 1, 2])));
        Assert.Equal(ErrorCode.UnsupportedVersion, await Refusal(Changed(static envelope => envelope.RequestData = [0, 19, 0, 7])));
        Assert.Equal(ErrorCode.UnsupportedVersion, await Refusal(Changed(static envelope => envelope.RequestData = [127, 0, 0, 0])));
        Assert.Equal(ErrorCode.InvalidRequest, await Refusal(OfAlice(new MetadataRequest(), 12)));
        _rules.Denies = static question => question.Operation == AclOperation.ClusterAction;
        Assert.Equal(ErrorCode.ClusterAuthorizationFailed, await Refusal(good));
        _rules.Denies = static _ => false;
        Assert.Null(_node.Controller.Image.FindTopic("a"));
        Assert.Equal(ErrorCode.None, (await client.Ask<EnvelopeRequest, EnvelopeResponse>(good, 0)).ErrorCode);
        Assert.NotNull(_node.Controller.Image.FindTopic("a"));
        client.CloseSending();

        EnvelopeRequest Changed(Action<EnvelopeRequest> change)
        {
            var envelope = new EnvelopeRequest
            {
                RequestData = good.RequestData,
                RequestPrincipal = good.RequestPrincipal,
                ClientHostAddress = good.ClientHostAddress,
            };
            change(envelope);
            return envelope;
        }

        async Task<ErrorCode> Refusal(EnvelopeRequest envelope)
        {
            var answer = await client.Ask<EnvelopeRequest, EnvelopeResponse>(envelope, 0);
            Assert.Null(answer.ResponseData);
            return answer.ErrorCode;
        }
    }

    /// <summary>An Envelope of few bytes may hold a request of many objects, and they live until it is decided.</summary>
    [Fact]
    public void What_the_request_within_takes_counts_for_the_whole()
    {
        var many = new CreateTopicsRequest();
        for (var i = 0; i < 5_000; i++) many.Topics.Add(new() { Name = "t" });
        var bytes = new ReadOnlySequence<byte>(ForwardedRequest.Bytes(((IMessage)OfAlice(many, 7), (short)0)));
        var served = new ServedApi<EnvelopeRequest, EnvelopeResponse>(0, 0, new EnvelopeHandler());
        var outer = new WireReader(bytes);
        _ = EnvelopeRequest.Read(ref outer, 0);
        var whole = new WireReader(bytes);
        _ = served.Read(ref whole, 0);
        var cost = whole.Cost;
        Assert.InRange(cost - outer.Cost, 5_000 * 64, long.MaxValue);
        Assert.Equal(WireFormatReason.TooCostlyNow, Assert.Throws<WireFormatException>(() =>
        {
            var tight = new WireReader(bytes, maxCost: cost - 1);
            return served.Read(ref tight, 0);
        }).Reason);
    }

    private static EnvelopeRequest OfAlice(IRequest request, short version) => new ForwardedRequest(request, version) { User = "alice" }.ToEnvelope();
}
