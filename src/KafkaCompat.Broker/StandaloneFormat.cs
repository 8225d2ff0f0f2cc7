using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Storage;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker;

/// <summary>
/// Formats an empty directory as <c>kafka-storage format --standalone</c> does: the metadata log's first snapshot with this
/// node as the only voter and the features of 4.4, then <c>meta.properties</c>, whose presence says that the rest is there.
/// </summary>
internal static class StandaloneFormat
{
    /// <summary>The levels that Kafka 4.4 formats with, in its order.</summary>
    private static readonly (string Name, short Level)[] Features =
    [
        (MetadataImage.MetadataVersionFeature, MetadataVersion.Highest),
        ("eligible.leader.replicas.version", 1),
        ("group.version", 1),
        ("share.version", 2),
        ("streams.version", 1),
        ("transaction.version", 2),
    ];

    public static void Format(ServerConfig config, LogEnvironment environment, string path, Uuid clusterId, Uuid directoryId)
    {
        var nowMs = environment.NowMs();
        var voter = new Voter(
            new ReplicaKey(config.NodeId, directoryId),
            [.. config.Listeners.AdvertisedOfController.Select(static e => new Endpoint(e.Name, e.Host, e.Port, 0))]);
        var records = Features.Select(static f => new VersionedRecord(new FeatureLevelRecord { Name = f.Name, FeatureLevel = f.Level }, 0)).ToList();
        var snapshot = new QuorumSnapshot(nowMs, 1, new VoterSet([voter]), records);
        var id = new SnapshotId(0, 0);
        var folder = Path.Combine(path, MetadataLog.FolderName);
        environment.Files.CreateFolder(folder);
        using var buffer = new PooledBuffer();
        snapshot.WriteTo(buffer, id, nowMs);
        environment.Files.WriteAtomically(Path.Combine(folder, id.FileName), buffer.WrittenMemory.ToArray());
        environment.Files.SyncFolder(path);
        new MetaProperties(clusterId.ToString(), config.NodeId, directoryId).Write(environment.Files, path, environment.Clock.GetUtcNow());
    }
}
