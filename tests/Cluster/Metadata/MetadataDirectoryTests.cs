using System.Globalization;
using System.Text.Json;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Metadata;

/// <summary>The metadata logs that Kafka wrote lead to what Kafka itself says they lead to.</summary>
public sealed class MetadataDirectoryTests
{
    public static TheoryData<string> Archives =>
    [
        "metadata", "metadata-static", "metadata-raised", "metadata-torn", "basic", "transactions", "transactions-expiring", "transactions-crashed",
        "compacted",
        "groups", "unclean", "unclean-damaged", "clean-damaged", "checkpoints-lost", "three-nodes", "two-dirs", "two-dirs-lost",
    ];

    [Theory]
    [MemberData(nameof(Archives))]
    public void Every_batch_encodes_back_to_the_same_bytes(string name)
    {
        var archive = MetadataArchive.Open(name);
        var batches = 0;
        foreach (var bytes in archive.LogBatches.Concat(archive.Snapshots.SelectMany(s => MetadataArchive.Batches(s.Bytes))))
        {
            var batch = Assert.Single(QuorumBatchCodec.Decode(bytes));
            var controls = Assert.Single(QuorumBatchCodec.DecodeControls(bytes));
            Assert.Equal((batch.BaseOffset, batch.LastOffset, batch.SizeInBytes, batch.Controls.Count, 0),
                (controls.BaseOffset, controls.LastOffset, controls.SizeInBytes, controls.Controls.Count, controls.Records.Count));
            using var buffer = new PooledBuffer();
            if (batch.Controls.Count > 0)
            {
                QuorumBatchCodec.EncodeControl(batch.Controls, batch.BaseOffset, batch.Epoch, batch.TimestampMs, buffer);
            }
            else
            {
                QuorumBatchCodec.Encode(batch.Records, batch.BaseOffset, batch.Epoch, batch.TimestampMs, buffer);
            }

            Assert.True(bytes.AsSpan().SequenceEqual(buffer.WrittenSpan), $"the batch at offset {batch.BaseOffset}");
            batches++;
        }

        Assert.True(batches > 10);
    }

    [Theory]
    [MemberData(nameof(Archives))]
    public void The_log_leads_to_each_snapshot_that_Kafka_took_of_it(string name)
    {
        var archive = MetadataArchive.Open(name);
        var snapshots = archive.Snapshots.ToDictionary(s => s.Id.EndOffset, s => QuorumSnapshot.Read(s.Bytes));
        var loader = new MetadataLoader();
        var nextOffset = snapshots.Keys.Min();
        Load(loader, snapshots[nextOffset], nextOffset);
        foreach (var batch in archive.LogBatches.SelectMany(b => QuorumBatchCodec.Decode(b)).Where(b => b.BaseOffset >= nextOffset))
        {
            Assert.Equal(nextOffset, batch.BaseOffset);
            foreach (var record in batch.Records)
            {
                loader.Apply(record.Message);
            }

            loader.Publish(new MetadataProvenance(batch.LastOffset, batch.Epoch, batch.TimestampMs));
            nextOffset = batch.LastOffset + 1;
            if (snapshots.TryGetValue(nextOffset, out var expected))
            {
                Assert.Equal(MetadataText.Of(expected.Records), MetadataText.Of(MetadataSnapshot.Records(loader.Image)));
                Assert.Equal(expected.LastContainedLogTimestampMs, loader.Image.Provenance.TimestampMs);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Archives))]
    public void An_image_survives_its_own_snapshot(string name)
    {
        var image = MetadataArchive.Open(name).Load(out _).Image;
        using var buffer = new PooledBuffer();
        var id = new SnapshotId(image.Provenance.Offset + 1, image.Provenance.Epoch);
        new QuorumSnapshot(image.Provenance.TimestampMs, 0, null, [.. MetadataSnapshot.Records(image)]).WriteTo(buffer, id, 1_000);
        var loader = new MetadataLoader();
        Load(loader, QuorumSnapshot.Read(buffer.WrittenSpan.ToArray()), id.EndOffset);
        Assert.Equal(MetadataText.Of(MetadataSnapshot.Records(image)), MetadataText.Of(MetadataSnapshot.Records(loader.Image)));
    }

    [Theory]
    [MemberData(nameof(Archives))]
    public void Topics_configs_and_features_are_those_that_Kafka_answers(string name)
    {
        var archive = MetadataArchive.Open(name);
        var image = archive.Load(out _).Image;
        foreach (var (_, metadata) in archive.Answers("Metadata"))
        {
            var topics = metadata.GetProperty("topics").EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!);
            Assert.Equal(topics.Keys.Order(StringComparer.Ordinal), image.Topics.Keys);
            foreach (var (topicName, topic) in topics)
            {
                var ours = image.FindTopic(topicName)!;
                Assert.Equal(topic.GetProperty("topicId").GetString(), ours.Id.ToString());
                foreach (var partition in topic.GetProperty("partitions").EnumerateArray())
                {
                    var registration = ours.Partitions[partition.GetProperty("partitionIndex").GetInt32()];
                    Assert.Equal(partition.GetProperty("replicaNodes").EnumerateArray().Select(r => r.GetInt32()), registration.Replicas);
                }

                Assert.Equal(topic.GetProperty("partitions").GetArrayLength(), ours.Partitions.Count);
            }
        }

        foreach (var (_, versions) in archive.Answers("ApiVersions"))
        {
            var expected = versions.GetProperty("finalizedFeatures").EnumerateArray().Where(f => f.GetProperty("name").GetString() != "kraft.version")
                .Select(f => (f.GetProperty("name").GetString()!, f.GetProperty("maxVersionLevel").GetInt16())).Order();
            Assert.Equal(expected, image.Features.Select(f => (f.Key, f.Value)).Order());
        }

        foreach (var result in archive.Answers("DescribeConfigs").SelectMany(a => a.Response.GetProperty("results").EnumerateArray()))
        {
            var type = (ConfigResourceType)result.GetProperty("resourceType").GetInt32();
            if (type == ConfigResourceType.BrokerLogger)
            {
                continue;
            }

            // The sources 1, 2, 3, 7 and 8 are what was set for the resource itself; of a broker, its own and not what is set for all.
            var resourceName = result.GetProperty("resourceName").GetString()!;
            sbyte own = type switch
            {
                ConfigResourceType.Topic => 1,
                ConfigResourceType.Broker => resourceName.Length == 0 ? (sbyte)3 : (sbyte)2,
                ConfigResourceType.ClientMetrics => 7,
                _ => 8,
            };
            var expected = result.GetProperty("configs").EnumerateArray()
                .Where(c => c.GetProperty("configSource").GetInt32() == own && !c.GetProperty("isSensitive").GetBoolean())
                .Select(c => $"{c.GetProperty("name").GetString()}={c.GetProperty("value").GetString()}").Order(StringComparer.Ordinal);
            var configs = image.ConfigsOf(new ConfigResource(type, resourceName)).Select(c => $"{c.Key}={c.Value}").Order(StringComparer.Ordinal);
            Assert.Equal(expected, configs);
        }
    }

    [Theory]
    [InlineData("metadata")]
    [InlineData("metadata-static")]
    [InlineData("metadata-raised")]
    [InlineData("metadata-torn")]
    public void Quotas_credentials_tokens_and_ACLs_are_those_that_Kafka_answers(string name)
    {
        var archive = MetadataArchive.Open(name);
        var image = archive.Load(out _).Image;
        var quotas = archive.Answers("DescribeClientQuotas").SelectMany(a => a.Response.GetProperty("entries").EnumerateArray()).Select(entry =>
            string.Join(",",
                entry.GetProperty("entity").EnumerateArray()
                .Select(e => $"{e.GetProperty("entityType").GetString()}:{e.GetProperty("entityName").GetString() ?? "<default>"}")
                .Order(StringComparer.Ordinal))
            + " " + string.Join(",",
            entry.GetProperty("values").EnumerateArray()
            .Select(v => $"{v.GetProperty("key").GetString()}={v.GetProperty("value").GetDouble().ToString(CultureInfo.InvariantCulture)}")
            .Order(StringComparer.Ordinal)));
        Assert.Equal(quotas.Order(StringComparer.Ordinal), image.ClientQuotas.Select(q =>
            string.Join(",", q.Key.Parts.Select(p => $"{p.Key}:{p.Value ?? "<default>"}").Order(StringComparer.Ordinal))
            + " " + string.Join(",", q.Value.Select(v => $"{v.Key}={v.Value.ToString(CultureInfo.InvariantCulture)}"))).Order(StringComparer.Ordinal));

        var users = archive.Answers("DescribeUserScramCredentials").SelectMany(a => a.Response.GetProperty("results").EnumerateArray())
            .SelectMany(u => u.GetProperty("credentialInfos").EnumerateArray()
                .Select(c => $"{u.GetProperty("user").GetString()} {c.GetProperty("mechanism").GetInt32()} {c.GetProperty("iterations").GetInt32()}"));
        Assert.Equal(users.Order(StringComparer.Ordinal),
            image.ScramCredentials.Values.Select(c => $"{c.Name} {c.Mechanism} {c.Iterations}").Order(StringComparer.Ordinal));

        var tokens = KafkaReference.Require("datadirs", name + ".expected", "answers");
        tokens = Path.Combine(tokens, "DelegationTokens.json");
        if (File.Exists(tokens))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(tokens));
            Assert.Equal(
                json.RootElement.EnumerateArray()
                    .Select(t => $"{t.GetProperty("tokenId").GetString()} {t.GetProperty("owner").GetString()} {t.GetProperty("expiryTimestamp").GetInt64()}")
                    .Order(StringComparer.Ordinal),
                image.DelegationTokens.Values.Select(t => $"{t.TokenId} {t.Owner} {t.ExpirationTimestamp}").Order(StringComparer.Ordinal));
        }
    }

    private static void Load(MetadataLoader loader, QuorumSnapshot snapshot, long endOffset) =>
        loader.Load(snapshot.Records.Select(r => r.Message), new MetadataProvenance(endOffset - 1, 0, snapshot.LastContainedLogTimestampMs));
}
