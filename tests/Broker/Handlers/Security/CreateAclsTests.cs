using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Access rules are not kept: whoever makes some is told what a node of Apache Kafka without an authorizer tells, on both listeners.</summary>
public sealed class CreateAclsTests
{
    [Theory]
    [InlineData("PLAINTEXT", 1)]
    [InlineData("PLAINTEXT", 3)]
    [InlineData("CONTROLLER", 2)]
    public async Task Each_rule_is_refused_whatever_it_says(string listener, short version)
    {
        await using var node = TestNode.Start();
        var request = new CreateAclsRequest { Creations = { Rule(2), Rule(99) } };
        var created = await node.Connect(listener).Ask<CreateAclsRequest, CreateAclsResponse>(request, version);
        Assert.Equal([(ErrorCode.SecurityDisabled, "No Authorizer is configured."), (ErrorCode.SecurityDisabled, "No Authorizer is configured.")],
            created.Results.Select(static result => (result.ErrorCode, result.ErrorMessage)));
        Assert.Empty((await node.Connect(listener).Ask<CreateAclsRequest, CreateAclsResponse>(new(), version)).Results);
    }

    /// <summary>Code 0 is what a client itself did not know; Apache Kafka reads no further.</summary>
    [Theory]
    [InlineData(0, 3, 3, 3)]
    [InlineData(2, 0, 3, 3)]
    [InlineData(2, 3, 0, 3)]
    [InlineData(2, 3, 3, 0)]
    public async Task A_rule_with_an_element_of_code_0_closes_the_connection(sbyte resource, sbyte pattern, sbyte operation, sbyte permission)
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        await client.Post(new CreateAclsRequest { Creations = { Rule(2), Rule(resource, pattern, operation, permission) } }, 3);
        Assert.Null(await client.Receive());
    }

    [Fact]
    public async Task Who_may_not_alter_the_cluster_is_told_so_for_each_rule()
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.ResourceName == "kafka-cluster";
        var refused = await node.Client.Ask<CreateAclsRequest, CreateAclsResponse>(new() { Creations = { Rule(2), Rule(2) } }, 3);
        Assert.Equal(2, refused.Results.Count);
        Assert.All(refused.Results, static result =>
            Assert.Equal((ErrorCode.ClusterAuthorizationFailed, "Request needs ALTER permission."), (result.ErrorCode, result.ErrorMessage)));
    }

    private static CreateAclsRequest.AclCreation Rule(sbyte resource, sbyte pattern = 3, sbyte operation = 3, sbyte permission = 3) => new()
    {
        ResourceType = resource,
        ResourceName = "t",
        ResourcePatternType = pattern,
        Principal = "User:a",
        Host = "*",
        Operation = operation,
        PermissionType = permission,
    };
}
