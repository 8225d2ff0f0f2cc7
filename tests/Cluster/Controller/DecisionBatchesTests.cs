using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.MetadataRecords;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>What follows from the life of a broker can be of any size, and no batch of the log is larger than its readers have to take.</summary>
public sealed class DecisionBatchesTests
{
    /// <summary>Records of more than three batches.</summary>
    private static readonly List<VersionedRecord> Large =
        [.. Enumerable.Range(0, 1_000)
            .Select(i => new VersionedRecord(new ConfigRecord { ResourceType = 2, ResourceName = $"t{i}", Name = "k", Value = new string('v', 30_000) }, 0))];

    [Fact]
    public void What_fits_into_a_batch_is_one()
    {
        var image = TestController.New().State.Image;
        var records = Large[..200];
        Assert.Same(records, Assert.Single(DecisionBatches.Of(records, isAtomic: true, image)!));
        Assert.Empty(DecisionBatches.Of([], isAtomic: true, image)!);
    }

    [Fact]
    public void A_request_that_does_not_is_refused() => Assert.Null(DecisionBatches.Of(Large, isAtomic: true, TestController.New().State.Image));

    [Fact]
    public void What_follows_from_the_life_of_a_broker_is_a_transaction_that_is_seen_as_a_whole()
    {
        var node = TestController.New();
        var before = node.State.NextOffset;
        var batches = DecisionBatches.Of(Large, isAtomic: false, node.State.Image)!;
        Assert.All(batches, static batch => Assert.InRange(QuorumBatchCodec.SizeOf(batch), 1, QuorumBatchCodec.MaxBatchBytes));
        foreach (var batch in batches)
        {
            Assert.Equal(0, node.State.Image.Configs.Count(c => c.Key.Type == ConfigResourceType.Topic));
            node.Apply(batch);
        }

        Assert.Equal(Large.Count, node.State.Image.Configs.Count(c => c.Key.Type == ConfigResourceType.Topic));
        Assert.Equal(before + Large.Count + 2, node.State.NextOffset);
        Assert.IsType<BeginTransactionRecord>(batches[0].Single().Message);
        Assert.IsType<EndTransactionRecord>(batches[^1].Single().Message);
        Assert.Equal(Large, batches.Skip(1).SkipLast(1).SelectMany(static batch => batch));
    }

    [Fact]
    public void Before_there_were_transactions_it_is_a_row_of_batches()
    {
        var node = TestController.New();
        node.Apply([new(new FeatureLevelRecord { Name = FeatureNames.MetadataVersion, FeatureLevel = 7 }, 0)]);
        var pieces = DecisionBatches.Of(Large, isAtomic: false, node.State.Image)!;
        Assert.Equal(Large, pieces.SelectMany(static batch => batch));
        Assert.All(pieces, static batch => Assert.InRange(QuorumBatchCodec.SizeOf(batch), 1, QuorumBatchCodec.MaxBatchBytes));
    }

    [Fact]
    public void A_record_that_is_larger_than_a_batch_cannot_be_written()
    {
        VersionedRecord[] records =
            [new(new ConfigRecord { ResourceType = 2, ResourceName = "t", Name = "k", Value = new string('v', QuorumBatchCodec.MaxBatchBytes) }, 0)];
        Assert.Null(DecisionBatches.Of(records, isAtomic: false, TestController.New().State.Image));
    }
}
