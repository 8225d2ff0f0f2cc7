using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>A delegation token is not given to whoever did not log in, and nobody does: the answer is Apache Kafka's, on both listeners.</summary>
public sealed class CreateDelegationTokenTests
{
    [Theory]
    [InlineData("PLAINTEXT", 1)]
    [InlineData("PLAINTEXT", 2)]
    [InlineData("PLAINTEXT", 3)]
    [InlineData("CONTROLLER", 3)]
    public async Task Who_asks_is_the_owner_that_is_told(string listener, short version)
    {
        await using var node = TestNode.Start();
        var request = new CreateDelegationTokenRequest { Renewers = { new() { PrincipalType = "User", PrincipalName = "a" } }, MaxLifetimeMs = 1000 };
        var created = await node.Connect(listener).Ask<CreateDelegationTokenRequest, CreateDelegationTokenResponse>(request, version);
        Assert.Equal((ErrorCode.DelegationTokenRequestNotAllowed, "User", "ANONYMOUS"), (created.ErrorCode, created.PrincipalType, created.PrincipalName));
        Assert.Equal(version < 3 ? ("", "") : ("User", "ANONYMOUS"), (created.TokenRequesterPrincipalType, created.TokenRequesterPrincipalName));
        Assert.Equal((-1, -1, -1), (created.IssueTimestampMs, created.ExpiryTimestampMs, created.MaxTimestampMs));
        Assert.Equal(("", 0), (created.TokenId, created.Hmac.Length));
    }

    [Theory]
    [InlineData("User", "a", ErrorCode.DelegationTokenRequestNotAllowed, "a")]
    [InlineData("Group", "a", ErrorCode.DelegationTokenRequestNotAllowed, "a")]
    [InlineData(null, "a", ErrorCode.UnknownServerError, "ANONYMOUS")]
    [InlineData("User", "", ErrorCode.DelegationTokenRequestNotAllowed, "ANONYMOUS")]
    [InlineData("User", null, ErrorCode.DelegationTokenRequestNotAllowed, "ANONYMOUS")]
    public async Task Another_owner_is_told_where_it_has_a_type_and_a_name(string? type, string? name, ErrorCode error, string owner)
    {
        await using var node = TestNode.Start();
        var created = await node.Connect().Ask<CreateDelegationTokenRequest, CreateDelegationTokenResponse>(
            new() { OwnerPrincipalType = type, OwnerPrincipalName = name }, 3);
        Assert.Equal((error, owner, "ANONYMOUS"), (created.ErrorCode, created.PrincipalName, created.TokenRequesterPrincipalName));
        Assert.Equal(owner == "a" ? type : "User", created.PrincipalType);
    }
}
