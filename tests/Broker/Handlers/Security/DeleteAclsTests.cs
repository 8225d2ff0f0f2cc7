using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Access rules are not kept: whoever deletes some is told what a node of Apache Kafka without an authorizer tells, on both listeners.</summary>
public sealed class DeleteAclsTests : AclFilterTests
{
    [Theory]
    [InlineData("PLAINTEXT", 1)]
    [InlineData("PLAINTEXT", 3)]
    [InlineData("CONTROLLER", 2)]
    public async Task Each_filter_is_refused_and_matches_nothing(string listener, short version)
    {
        await using var node = TestNode.Start();
        var request = new DeleteAclsRequest { Filters = { Filter(2), Filter(1) } };
        var deleted = await node.Connect(listener).Ask<DeleteAclsRequest, DeleteAclsResponse>(request, version);
        Assert.Equal([(ErrorCode.SecurityDisabled, "No Authorizer is configured.", 0), (ErrorCode.SecurityDisabled, "No Authorizer is configured.", 0)],
            deleted.FilterResults.Select(static result => (result.ErrorCode, result.ErrorMessage, result.MatchingAcls.Count)));
    }

    [Fact]
    public async Task Who_may_not_alter_the_cluster_is_told_so_for_each_filter()
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.ResourceName == "kafka-cluster";
        var refused = await node.Client.Ask<DeleteAclsRequest, DeleteAclsResponse>(new() { Filters = { Filter(2), Filter(2) } }, 3);
        Assert.Equal(2, refused.FilterResults.Count);
        Assert.All(refused.FilterResults, static result =>
            Assert.Equal((ErrorCode.ClusterAuthorizationFailed, "Request needs ALTER permission."), (result.ErrorCode, result.ErrorMessage)));
    }

    private protected override Task Post(MemoryClient client, sbyte resource, sbyte pattern, sbyte operation, sbyte permission) =>
        client.Post(new DeleteAclsRequest { Filters = { Filter(2), Filter(resource, pattern, operation, permission) } }, 3);

    private static DeleteAclsRequest.DeleteAclsFilter Filter(sbyte resource, sbyte pattern = 3, sbyte operation = 3, sbyte permission = 3) =>
        new() { ResourceTypeFilter = resource, PatternTypeFilter = pattern, Operation = operation, PermissionType = permission };
}
