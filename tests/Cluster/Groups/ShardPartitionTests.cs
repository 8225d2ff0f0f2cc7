using KafkaCompat.Cluster.Machines;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Groups;

public sealed class ShardPartitionTests
{
    /// <summary>Where Apache Kafka put the groups of a directory with four partitions; the first two have a negative hash.</summary>
    [Theory]
    [InlineData("changing-grove15", 1)]
    [InlineData("workers_grove80", 3)]
    [InlineData("classic-range-basil30", 1)]
    [InlineData("downgraded.willow30", 2)]
    public void Groups_lie_where_Kafka_puts_them(string groupId, int partition) => Assert.Equal(partition, ShardPartition.For(groupId, 4));

    /// <summary>The hash of this string is -2^31.</summary>
    [Fact]
    public void The_smallest_hash_has_no_absolute_value() => Assert.Equal(0, ShardPartition.For("polygenelubricants", 50));
}
