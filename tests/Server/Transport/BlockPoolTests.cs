using KafkaCompat.Server.Transport;
using Xunit;

namespace KafkaCompat.Server.Tests.Transport;

/// <summary>What a burst took goes back once it is over.</summary>
public sealed class BlockPoolTests
{
    [Fact]
    public void A_burst_that_is_over_is_worth_a_collection_once()
    {
        var pool = new BlockPool();
        var blocks = Enumerable.Range(0, 100).Select(_ => pool.Rent(BlockPool.LargestSize)).ToList();
        Assert.False(pool.Trim());
        blocks.ForEach(pool.Return);
        Assert.True(pool.Trim());

        // A block that stayed would keep the memory around it.
        Assert.Equal(0, pool.PooledBytes);
        Assert.DoesNotContain(true, Enumerable.Range(0, 20).Select(_ => pool.Trim()));
    }

    [Fact]
    public void A_small_burst_is_not_worth_one()
    {
        var pool = new BlockPool();
        pool.Return(pool.Rent(BlockPool.LargestSize));
        Assert.False(pool.Trim());
        Assert.False(pool.Trim());
    }
}
