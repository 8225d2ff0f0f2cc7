using KafkaCompat.Broker.Tests.Connections;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What holds for each request with a filter of access rules.</summary>
public abstract class AclFilterTests
{
    /// <summary>Code 0 is what a client itself did not know; Apache Kafka reads no further.</summary>
    [Theory]
    [InlineData(0, 3, 3, 3)]
    [InlineData(2, 0, 3, 3)]
    [InlineData(2, 3, 0, 3)]
    [InlineData(2, 3, 3, 0)]
    public async Task A_filter_with_an_element_of_code_0_closes_the_connection(sbyte resource, sbyte pattern, sbyte operation, sbyte permission)
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        await Post(client, resource, pattern, operation, permission);
        Assert.Null(await client.Receive());
    }

    private protected abstract Task Post(MemoryClient client, sbyte resource, sbyte pattern, sbyte operation, sbyte permission);
}
