using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Access rules are not kept: whoever looks for some is told what a node of Apache Kafka without an authorizer tells, on both listeners.</summary>
public sealed class DescribeAclsTests : AclFilterTests
{
    [Theory]
    [InlineData("PLAINTEXT", 1)]
    [InlineData("PLAINTEXT", 3)]
    [InlineData("CONTROLLER", 2)]
    public async Task It_is_refused_whatever_is_looked_for(string listener, short version)
    {
        await using var node = TestNode.Start();
        foreach (var filter in (DescribeAclsRequest[])[Filter(2), Filter(99, 1, 1, 1)])
        {
            var described = await node.Connect(listener).Ask<DescribeAclsRequest, DescribeAclsResponse>(filter, version);
            Assert.Equal((ErrorCode.SecurityDisabled, "No Authorizer is configured on the broker", 0),
                (described.ErrorCode, described.ErrorMessage, described.Resources.Count));
        }
    }

    [Fact]
    public async Task Who_may_not_describe_the_cluster_is_told_so()
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.ResourceName == "kafka-cluster";
        var refused = await node.Client.Ask<DescribeAclsRequest, DescribeAclsResponse>(Filter(2), 3);
        Assert.Equal((ErrorCode.ClusterAuthorizationFailed, "Request needs DESCRIBE permission."), (refused.ErrorCode, refused.ErrorMessage));
    }

    private protected override Task Post(MemoryClient client, sbyte resource, sbyte pattern, sbyte operation, sbyte permission) =>
        client.Post(Filter(resource, pattern, operation, permission), 3);

    private static DescribeAclsRequest Filter(sbyte resource, sbyte pattern = 3, sbyte operation = 3, sbyte permission = 3) =>
        new() { ResourceTypeFilter = resource, PatternTypeFilter = pattern, Operation = operation, PermissionType = permission };
}
