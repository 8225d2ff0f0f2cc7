using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Metadata;

/// <summary>A snapshot on a replica that has an image already: what it leads to, and what those who listen hear.</summary>
public sealed class MetadataDifferenceTests
{
    /// <summary>From every image that Kafka's directories hold to every other one: of other clusters, forth and back.</summary>
    [Fact]
    public void A_snapshot_leads_from_any_image_to_its_own()
    {
        var images = MetadataDirectoryTests.Archives.Select(archive => MetadataArchive.Open(archive.Data).Load(out _).Image).Append(MetadataImage.Empty)
            .ToList();
        foreach (var from in images)
        {
            foreach (var to in images)
            {
                var loader = new MetadataLoader();
                _ = loader.Load(MetadataSnapshot.Records(from).Select(record => record.Message), from.Provenance);
                var step = loader.Load(MetadataSnapshot.Records(to).Select(record => record.Message), to.Provenance);
                Assert.Equal(MetadataText.Of(MetadataSnapshot.Records(to)), MetadataText.Of(MetadataSnapshot.Records(step.Image)));
                Assert.Equal(to.Provenance, step.Image.Provenance);
                Assert.Equal(from.TopicsById.Keys.Except(to.TopicsById.Keys).Order(), step.Delta.DeletedTopics.Select(topic => topic.Id).Order());
                Assert.Equal(to.TopicsById.Keys.Except(from.TopicsById.Keys).Order(),
                    step.Delta.ChangedTopics.Values.Where(topic => topic.IsNew).Select(topic => topic.Id).Order());
                Assert.True(!ReferenceEquals(from, to) || step.Delta.IsEmpty, "Nobody hears of what has not changed.");
            }
        }
    }

    /// <summary>A replica that missed a part of the log hears of the same topics as one that read it.</summary>
    [Theory]
    [InlineData("metadata")]
    [InlineData("basic")]
    [InlineData("three-nodes")]
    public void A_replica_that_missed_records_gets_to_the_same_image(string name)
    {
        var archive = MetadataArchive.Open(name);
        var batches = archive.LogBatches.SelectMany(bytes => QuorumBatchCodec.Decode(bytes)).ToList();
        var whole = archive.Load(out _).Image;
        var (first, firstBytes) = archive.Snapshots.First();
        var formatted = QuorumSnapshot.Read(firstBytes).Records.Select(record => record.Message).ToList();
        for (var read = 0; read < batches.Count; read += 1 + (batches.Count / 40))
        {
            var loader = new MetadataLoader();
            _ = loader.Load(formatted, new MetadataProvenance(first.EndOffset - 1, 0, 0));
            foreach (var batch in batches.Take(read).Where(batch => batch.BaseOffset >= first.EndOffset))
            {
                foreach (var record in batch.Records)
                {
                    loader.Apply(record.Message);
                }

                _ = loader.Publish(new MetadataProvenance(batch.LastOffset, batch.Epoch, batch.TimestampMs));
            }

            var step = loader.Load(MetadataSnapshot.Records(whole).Select(record => record.Message), whole.Provenance);
            Assert.Equal(MetadataText.Of(MetadataSnapshot.Records(whole)), MetadataText.Of(MetadataSnapshot.Records(step.Image)));
        }
    }
}
