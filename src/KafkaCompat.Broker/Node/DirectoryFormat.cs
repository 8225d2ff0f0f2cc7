using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Node;

/// <summary>Formats a node's directories as <c>kafka-storage format --standalone</c> does; <see cref="PreparedDirectories"/> says when.</summary>
public static class DirectoryFormat
{
    /// <summary>The features of a new cluster, in the order in which Kafka writes them.</summary>
    public static IReadOnlyList<VersionedRecord> NewClusterFeatures { get; } =
    [
        Feature(FeatureNames.MetadataVersion),
        Feature(FeatureNames.EligibleLeaderReplicasVersion),
        Feature(FeatureNames.GroupVersion),
        Feature(FeatureNames.ShareVersion),
        Feature(FeatureNames.StreamsVersion),
        Feature(FeatureNames.TransactionVersion),
    ];

    /// <summary>Checks the directories of a node, formatting them where all are empty, and returns whose they are.</summary>
    public static MetaProperties Prepare(IFileStore files, ServerConfig config, DateTimeOffset now, Random random) =>
        PreparedDirectories.Prepare(files, config, now, random).Meta;

    /// <summary>
    /// Formats directories, the metadata log's among them or not. The file that makes a directory a formatted one is written last: when the power fails before,
    /// the directory counts as empty. The metadata log's directory is formatted whole before another one is begun: a node can do without the others, and
    /// formats them when it starts again.
    /// </summary>
    public static void Format(
        IFileStore files, IReadOnlyList<string> directories, string metadataDirectory, FormatSettings settings, DateTimeOffset now, Random random)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(directories);
        ArgumentNullException.ThrowIfNull(settings);
        var ids = directories.ToDictionary(d => d, _ => RandomIds.Next(random), StringComparer.Ordinal);
        foreach (var directory in directories)
        {
            Create(files, directory);
        }

        if (ids.TryGetValue(metadataDirectory, out var drawn))
        {
            ids[metadataDirectory] = settings.DirectoryId ?? drawn;
            WriteBootstrap(files, metadataDirectory, settings, ids[metadataDirectory], now);
        }

        foreach (var directory in directories.OrderByDescending(directory => directory == metadataDirectory))
        {
            files.SyncFolder(directory);
            new MetaProperties(settings.ClusterId, settings.NodeId, ids[directory]).Write(files, directory, now);
        }
    }

    /// <summary>Writes the snapshot with which the metadata log begins.</summary>
    private static void WriteBootstrap(IFileStore files, string metadataDirectory, FormatSettings settings, Uuid directoryId, DateTimeOffset now)
    {
        var folder = Path.Combine(metadataDirectory, MetadataLog.FolderName);
        files.CreateFolder(folder);
        var voters = settings.ControllerEndpoint is { } endpoint
            ? new VoterSet([new Voter(new ReplicaKey(settings.NodeId, directoryId), [endpoint])])
            : null;
        var nowMs = now.ToUnixTimeMilliseconds();
        using var buffer = new PooledBuffer();
        new QuorumSnapshot(nowMs, voters is null ? (short)0 : (short)1, voters, settings.Records).WriteTo(buffer, SnapshotId.Bootstrap, nowMs);
        var path = Path.Combine(folder, SnapshotId.Bootstrap.FileName);
        files.Delete(path);
        files.WriteAtomically(path, buffer.WrittenSpan, readOnly: true);
    }

    /// <summary>Makes a directory that is there after a power failure too.</summary>
    private static void Create(IFileStore files, string directory)
    {
        if (!files.FolderExists(directory))
        {
            files.CreateFolder(directory);
            files.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(directory))!);
        }
    }

    private static VersionedRecord Feature(string name) => new(new FeatureLevelRecord { Name = name, FeatureLevel = FeatureCatalog.Feature(name).Default }, 0);
}
