using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Producers;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>What no client, file or disk can bring about is noticed before it is written down.</summary>
public sealed class StorageInvariantTests
{
    [Fact]
    public void A_checkpoint_has_as_many_lines_as_it_says()
    {
        _ = Assert.Throws<InvariantException>(static () => CheckpointText.Encode(2, ["t 0 1"]));
        _ = Assert.Throws<InvariantException>(static () => CheckpointText.Encode(1, ["t 0 1", "t 1 1"]));
        _ = Assert.Throws<InvariantException>(static () => CheckpointText.Encode(1, ["t\n0 0 1"]));
        Assert.Equal("0\n1\nt 0 1\n"u8.ToArray(), CheckpointText.Encode(1, ["t 0 1"]));
    }

    [Fact]
    public void A_producers_older_batches_are_older()
    {
        var entry = new ProducerEntry(1);
        entry.AddBatch(new ProducerBatch(LastSequence: 9, LastOffset: 19, OffsetDelta: 4, Timestamp: 0));
        _ = Assert.Throws<InvariantException>(() => entry.AddOlder([new ProducerBatch(LastSequence: 4, LastOffset: 15, OffsetDelta: 4, Timestamp: 0)]));
        entry.AddOlder([new ProducerBatch(LastSequence: 4, LastOffset: 14, OffsetDelta: 4, Timestamp: 0)]);
        Assert.Equal(2, entry.BatchCount);
        Assert.Equal(9, entry.LastSequence);
    }
}
