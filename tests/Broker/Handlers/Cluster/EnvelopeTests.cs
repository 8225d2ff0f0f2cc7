using System.Buffers;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Handlers.Cluster;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging.Abstractions;
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
        var served = new ServedApi<EnvelopeRequest, EnvelopeResponse>(0, 0, new EnvelopeHandler(NullLogger.Instance));
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

    /// <summary>Other clients' requests come over the same connection of a broker.</summary>
    [Fact]
    public async Task A_fault_of_the_handler_within_is_an_answer_within()
    {
        var table = new DispatchTable(ApiListeners.Controller, [new FaultyApi()]);
        var context = new RequestContext(
            ApiKey.Envelope, 0, 1, "broker", new ConnectionInfo("c", "CONTROLLER", table, System.Net.IPAddress.Loopback, CancellationToken.None));
        var lines = new RecordedLines(Microsoft.Extensions.Logging.LogLevel.Error);
        var asked = new ForwardedRequest(new CreateTopicsRequest { Topics = { new() { Name = "a" } } }, 7) { User = "alice", ClientId = "shop" };
        var answer = await new EnvelopeHandler(lines).Handle(asked.ToEnvelope(), context);
        Assert.Equal(ErrorCode.None, answer!.ErrorCode);
        var within = Assert.IsType<CreateTopicsResponse>(ForwardedAnswer.Of(answer, asked).Response);
        Assert.Equal(ErrorCode.UnknownServerError, within.Topics[0].ErrorCode);
        Assert.False(context.CloseRequested);
        Assert.StartsWith("The handler of CreateTopics version 7 failed", Assert.Single(lines.Lines), StringComparison.Ordinal);
    }

    private sealed class FaultyApi() : ServedApi(ApiKey.CreateTopics, 2, 7)
    {
        internal override IRequest Read(ref WireReader body, short version) => ApiCatalog.ReadRequest(Key, ref body, version);

        internal override ValueTask<IResponse?> Handle(IRequest request, RequestContext context) =>
            throw new InvalidOperationException("nobody has thought of this");
    }

    private static EnvelopeRequest OfAlice(IRequest request, short version) => new ForwardedRequest(request, version) { User = "alice" }.ToEnvelope();
}
