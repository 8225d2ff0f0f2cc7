using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Nobody ends a delegation token who did not log in, and nobody does: the answer is Apache Kafka's, on both listeners.</summary>
public sealed class ExpireDelegationTokenTests
{
    [Theory]
    [InlineData("PLAINTEXT", 1)]
    [InlineData("PLAINTEXT", 2)]
    [InlineData("CONTROLLER", 2)]
    public async Task It_is_not_allowed_and_no_time_is_told(string listener, short version)
    {
        await using var node = TestNode.Start();
        var request = new ExpireDelegationTokenRequest { Hmac = new byte[20], ExpiryTimePeriodMs = 1000 };
        var answer = await node.Connect(listener).Ask<ExpireDelegationTokenRequest, ExpireDelegationTokenResponse>(request, version);
        Assert.Equal((ErrorCode.DelegationTokenRequestNotAllowed, -1), (answer.ErrorCode, answer.ExpiryTimestampMs));
    }
}
