using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>
/// golden/hostile.tsv and golden/batches/invalid.tsv over real sockets: Kafka's recorded reaction to each, or the stricter one that docs/differences.md names.
/// </summary>
public sealed class HostileTableTests
{
    [Theory]
    [InlineData("broker")]
    [InlineData("controller")]
    public async Task Every_frame_gets_the_reaction_of_Kafka(string listener)
    {
        await using var node = await SocketNode.Start();
        await HostileFrames.Compare(node, listener);
    }

    [Fact]
    public async Task Every_batch_gets_the_verdict_of_Kafka()
    {
        await using var node = await SocketNode.Start();
        await InvalidBatches.Compare(node);
    }
}
