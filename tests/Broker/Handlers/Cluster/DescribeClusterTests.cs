using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>The nodes behind a listener, of brokers and of controllers.</summary>
public sealed class DescribeClusterTests
{
    [Fact]
    public async Task The_cluster_is_described()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        var response = await client.Ask<DescribeClusterRequest, DescribeClusterResponse>(new() { IncludeClusterAuthorizedOperations = true }, 2);
        Assert.Equal((ErrorCode.None, TestNode.ClusterId, 1, 8096),
            (response.ErrorCode, response.ClusterId, response.ControllerId, response.ClusterAuthorizedOperations));
        Assert.Equal((1, "localhost", 19092), (response.Brokers[0].BrokerId, response.Brokers[0].Host, response.Brokers[0].Port));
        var mismatch = await client.Ask<DescribeClusterRequest, DescribeClusterResponse>(new() { EndpointType = 2 }, 2);
        Assert.Equal(ErrorCode.MismatchedEndpointType, mismatch.ErrorCode);
        var controllers = await node.Connect("CONTROLLER").Ask<DescribeClusterRequest, DescribeClusterResponse>(new() { EndpointType = 2 }, 2);
        Assert.Equal((1, 19093), (controllers.Brokers[0].BrokerId, controllers.Brokers[0].Port));
    }
}
