using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Nobody logs in on a listener where nobody has to.</summary>
public sealed class SaslAuthenticateTests
{
    [Theory]
    [InlineData("PLAINTEXT", 0)]
    [InlineData("PLAINTEXT", 1)]
    [InlineData("PLAINTEXT", 2)]
    [InlineData("CONTROLLER", 2)]
    public async Task What_a_client_sends_is_not_looked_at_and_the_connection_goes_on(string listener, short version)
    {
        await using var node = TestNode.Start();
        var client = node.Connect(listener);
        var refused = await client.Ask<SaslAuthenticateRequest, SaslAuthenticateResponse>(new() { AuthBytes = new byte[3] }, version);
        Assert.Equal((ErrorCode.IllegalSaslState, "SaslAuthenticate request received after successful authentication", 0, 0),
            (refused.ErrorCode, refused.ErrorMessage, refused.AuthBytes.Length, refused.SessionLifetimeMs));
        Assert.Equal(ErrorCode.None, (await client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)).ErrorCode);
    }
}
