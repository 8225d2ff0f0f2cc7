using System.Net;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Tests.Handlers;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Controller;

/// <summary>What an Envelope says of who asks, and how one is refused that does not say it. The errors are those of Apache Kafka's controller.</summary>
public sealed class ForwardedRequestTests
{
    private static readonly ForwardedRequest Forwarded = new(new CreatePartitionsRequest { TimeoutMs = 1000 }, 3)
    {
        User = "bob",
        ClientId = "client",
        ClientAddress = IPAddress.Parse("10.1.2.3"),
        ListenerName = "CONTROLLER",
        CorrelationId = 7,
    };

    [Theory]
    [InlineData("User")]
    [InlineData("Group")]
    public void The_rules_are_asked_about_the_principal_with_its_type(string type)
    {
        Assert.Equal(ErrorCode.None, ForwardedRequest.Read((Forwarded with { PrincipalType = type }).ToEnvelope(), "CONTROLLER", out var read));
        var rules = new RecordingAuthorizer();
        Assert.True(read!.AccessBy(rules).AllowsOnTopic(AclOperation.Alter, "t"));
        Assert.Equal([new AccessQuestion($"{type}:bob", Forwarded.ClientAddress, "CONTROLLER", AclOperation.Alter, ResourceType.Topic, "t")], rules.Asked);
        Assert.Equal(Forwarded with { PrincipalType = type, Body = read.Body }, read);
    }

    [Fact]
    public void An_envelope_without_a_principal_is_refused_and_a_broker_sends_none()
    {
        var envelope = Forwarded.ToEnvelope();
        var whole = envelope.RequestPrincipal!;
        // None, no bytes, no more than a version, another version, a type without a name.
        foreach (var principal in (byte[]?[])[null, [], [0, 0], [0, 5, .. whole[2..]], [255, 255, .. whole[2..]], [0, 0, 5, .. "User"u8, 0, 0, 0]])
        {
            envelope.RequestPrincipal = principal;
            Assert.Equal((ErrorCode.PrincipalDeserializationFailure, null), (ForwardedRequest.Read(envelope, "CONTROLLER", out var read), read));
            envelope.ClientHostAddress = [1];
            Assert.Equal(ErrorCode.PrincipalDeserializationFailure, ForwardedRequest.Read(envelope, "CONTROLLER", out _));
        }
        _ = Assert.Throws<InvalidOperationException>(() => (Forwarded with { User = null }).ToEnvelope());
    }

    [Fact]
    public void Addresses_and_requests_that_are_none_are_refused()
    {
        var envelope = Forwarded.ToEnvelope();
        envelope.ClientHostAddress = [1, 2, 3];
        Assert.Equal(ErrorCode.InvalidRequest, ForwardedRequest.Read(envelope, "CONTROLLER", out _));
        envelope.ClientHostAddress = new byte[16];
        var data = envelope.RequestData;
        foreach (var (changed, error) in ((byte[], ErrorCode)[])
            [([], ErrorCode.UnsupportedVersion), ([0], ErrorCode.UnsupportedVersion), ([3, 231, .. data[2..]], ErrorCode.UnsupportedVersion),
                ([0, 37, 0, 99, .. data[4..]], ErrorCode.UnsupportedVersion), ([0, 3, 0, 12, .. data[4..]], ErrorCode.InvalidRequest), (data, ErrorCode.None)])
        {
            envelope.RequestData = changed;
            Assert.Equal(error, ForwardedRequest.Read(envelope, "CONTROLLER", out _));
        }
    }
}
