using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Nobody is shown delegation tokens who did not log in, and nobody does: the answer is Apache Kafka's, on both listeners.</summary>
public sealed class DescribeDelegationTokenTests
{
    [Theory]
    [InlineData("PLAINTEXT", 1)]
    [InlineData("PLAINTEXT", 3)]
    [InlineData("CONTROLLER", 2)]
    public async Task It_is_not_allowed_whether_owners_are_named_or_not(string listener, short version)
    {
        await using var node = TestNode.Start();
        var ofOne = new DescribeDelegationTokenRequest { Owners = [new() { PrincipalType = "User", PrincipalName = "a" }] };
        foreach (var request in (DescribeDelegationTokenRequest[])[new() { Owners = null }, ofOne])
        {
            var described = await node.Connect(listener).Ask<DescribeDelegationTokenRequest, DescribeDelegationTokenResponse>(request, version);
            Assert.Equal((ErrorCode.DelegationTokenRequestNotAllowed, 0), (described.ErrorCode, described.Tokens.Count));
        }
    }
}
