using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Nobody logs in on a listener where nobody has to.</summary>
public sealed class SaslHandshakeTests
{
    [Theory]
    [InlineData("PLAINTEXT", 0, "PLAIN")]
    [InlineData("PLAINTEXT", 1, "SCRAM-SHA-256")]
    [InlineData("CONTROLLER", 1, "")]
    public async Task No_mechanism_is_offered_and_the_connection_goes_on(string listener, short version, string mechanism)
    {
        await using var node = TestNode.Start();
        var client = node.Connect(listener);
        var greeted = await client.Ask<SaslHandshakeRequest, SaslHandshakeResponse>(new() { Mechanism = mechanism }, version);
        Assert.Equal((ErrorCode.IllegalSaslState, 0), (greeted.ErrorCode, greeted.Mechanisms.Count));
        Assert.Equal(ErrorCode.None, (await client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)).ErrorCode);
    }
}
