using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol.GroupRecords;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Groups;

/// <summary>An admin client may write any record to __consumer_offsets: no generation in it may end a node or puzzle a client.</summary>
public sealed class GenerationTests
{
    [Theory]
    [InlineData(int.MaxValue, 1)]
    [InlineData(int.MaxValue - 1, int.MaxValue)]
    [InlineData(0, 1)]
    [InlineData(-1, 1)]
    [InlineData(int.MinValue, 1)]
    public void Behind_any_generation_of_a_record_comes_one_that_clients_take(int recorded, int next)
    {
        var group = ClassicGroup.FromValue("g", new GroupMetadataValue { Generation = recorded });
        group.BeginGeneration();
        Assert.Equal(next, group.Generation);
    }
}
