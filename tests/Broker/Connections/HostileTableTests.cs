using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>The tables of hostile bytes over connections in memory; over sockets they are tested with the server.</summary>
public sealed class HostileTableTests
{
    [Theory]
    [InlineData("broker")]
    [InlineData("controller")]
    public async Task Every_frame_gets_the_reaction_of_Kafka(string listener)
    {
        await using var node = TestNode.Start();
        await HostileFrames.Compare(node, listener);
    }

    [Fact]
    public async Task Every_batch_gets_the_verdict_of_Kafka()
    {
        await using var node = TestNode.Start();
        await InvalidBatches.Compare(node);
    }
}
