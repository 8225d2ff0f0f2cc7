using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// What is asked of access rules and delegation tokens is refused as a node of Apache Kafka 4.4 without security refuses it, on both listeners.
/// </summary>
public sealed class SecurityDisabledTests
{
    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("CONTROLLER")]
    public async Task Access_rules_are_disabled_without_an_authorizer(string listener)
    {
        await using var node = TestNode.Start();
        var client = node.Connect(listener);
        var described = await client.Ask<DescribeAclsRequest, DescribeAclsResponse>(
            new() { ResourceTypeFilter = 99, PatternTypeFilter = 1, Operation = 1, PermissionType = 1 }, 3);
        Assert.Equal((ErrorCode.SecurityDisabled, "No Authorizer is configured on the broker"), (described.ErrorCode, described.ErrorMessage));
        var created = await client.Ask<CreateAclsRequest, CreateAclsResponse>(new() { Creations = { Rule(2), Rule(99) } }, 3);
        Assert.Equal([(ErrorCode.SecurityDisabled, "No Authorizer is configured."), (ErrorCode.SecurityDisabled, "No Authorizer is configured.")],
            created.Results.Select(static r => (r.ErrorCode, r.ErrorMessage)));
        var deleted = await client.Ask<DeleteAclsRequest, DeleteAclsResponse>(
            new() { Filters = { new() { ResourceTypeFilter = 2, Operation = 3, PermissionType = 3 } } }, 3);
        Assert.Equal([(ErrorCode.SecurityDisabled, "No Authorizer is configured.")], deleted.FilterResults.Select(static r => (r.ErrorCode, r.ErrorMessage)));
    }

    /// <summary>Code 0 is what a client itself did not know; Apache Kafka reads no further.</summary>
    [Fact]
    public async Task An_access_rule_with_an_element_of_code_0_closes_the_connection()
    {
        await using var node = TestNode.Start();
        await AssertClosed(node, new CreateAclsRequest { Creations = { Rule(2), Rule(0) } });
        await AssertClosed(node, new DeleteAclsRequest { Filters = { new() { ResourceTypeFilter = 2, Operation = 3 } } });
        await AssertClosed(node, new DescribeAclsRequest { ResourceTypeFilter = 2, PatternTypeFilter = 3, PermissionType = 3 });
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
        Assert.All([renewed.ErrorCode, expired.ErrorCode, described.ErrorCode],
            static error => Assert.Equal(ErrorCode.DelegationTokenRequestNotAllowed, error));
    }

    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("CONTROLLER")]
    public async Task Nobody_logs_in_where_nobody_has_to(string listener)
    {
        await using var node = TestNode.Start();
        var client = node.Connect(listener);
        var greeted = await client.Ask<SaslHandshakeRequest, SaslHandshakeResponse>(new() { Mechanism = "PLAIN" }, 1);
        Assert.Equal((ErrorCode.IllegalSaslState, 0), (greeted.ErrorCode, greeted.Mechanisms.Count));
        var refused = await client.Ask<SaslAuthenticateRequest, SaslAuthenticateResponse>(new() { AuthBytes = new byte[3] }, 2);
        Assert.Equal((ErrorCode.IllegalSaslState, "SaslAuthenticate request received after successful authentication"),
            (refused.ErrorCode, refused.ErrorMessage));
    }

    private static async Task AssertClosed<TRequest>(TestNode node, TRequest request)
        where TRequest : class, IRequest<TRequest>
    {
        var client = node.Connect();
        await client.Post(request, 3);
        Assert.Null(await client.Receive());
    }

    private static CreateAclsRequest.AclCreation Rule(sbyte resource) =>
        new() { ResourceType = resource, ResourceName = "t", Principal = "User:a", Host = "*", Operation = 3, PermissionType = 3 };
}
