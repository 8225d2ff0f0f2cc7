using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What is asked of access rules and delegation tokens is refused as a node of Apache Kafka 4.4 without security refuses it, on both listeners.</summary>
public sealed class SecurityDisabledTests
{
    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("CONTROLLER")]
    public async Task Access_rules_are_disabled_without_an_authorizer(string listener)
    {
        await using var node = TestNode.Start();
        var client = node.Connect(listener);
        var described = await client.Ask<DescribeAclsRequest, DescribeAclsResponse>(new(), 3);
        Assert.Equal((ErrorCode.SecurityDisabled, "No Authorizer is configured on the broker"), (described.ErrorCode, described.ErrorMessage));
        var created = await client.Ask<CreateAclsRequest, CreateAclsResponse>(new() { Creations = { new() { ResourceName = "t", Principal = "User:a", Host = "*" }, new() { ResourceName = "u", Principal = "User:a", Host = "*" } } }, 3);
        Assert.Equal([(ErrorCode.SecurityDisabled, "No Authorizer is configured."), (ErrorCode.SecurityDisabled, "No Authorizer is configured.")], created.Results.Select(static r => (r.ErrorCode, r.ErrorMessage)));
        var deleted = await client.Ask<DeleteAclsRequest, DeleteAclsResponse>(new() { Filters = { new() } }, 3);
        Assert.Equal([(ErrorCode.SecurityDisabled, "No Authorizer is configured.")], deleted.FilterResults.Select(static r => (r.ErrorCode, r.ErrorMessage)));
    }

    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("CONTROLLER")]
    public async Task Delegation_tokens_are_not_given_to_who_did_not_log_in(string listener)
    {
        await using var node = TestNode.Start();
        var client = node.Connect(listener);
        foreach (short version in (short[])[1, 3])
        {
            var created = await client.Ask<CreateDelegationTokenRequest, CreateDelegationTokenResponse>(new(), version);
            Assert.Equal((ErrorCode.DelegationTokenRequestNotAllowed, "ANONYMOUS", -1), (created.ErrorCode, created.PrincipalName, created.ExpiryTimestampMs));
        }
        var renewed = await client.Ask<RenewDelegationTokenRequest, RenewDelegationTokenResponse>(new(), 2);
        var expired = await client.Ask<ExpireDelegationTokenRequest, ExpireDelegationTokenResponse>(new(), 2);
        var described = await client.Ask<DescribeDelegationTokenRequest, DescribeDelegationTokenResponse>(new() { Owners = null }, 3);
        Assert.All([renewed.ErrorCode, expired.ErrorCode, described.ErrorCode], static error => Assert.Equal(ErrorCode.DelegationTokenRequestNotAllowed, error));
    }
}
