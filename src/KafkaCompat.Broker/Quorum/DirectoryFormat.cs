using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Storage;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Quorum;

/// <summary>
/// Prepares a node's directories for use: an empty one is formatted as <c>kafka-storage format --standalone</c> does, a formatted one is checked to be
/// this node's. Where Kafka would not start, <see cref="QuorumStateException"/> says why in one line.
/// </summary>
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

    /// <summary>
    /// Checks the directories of a node, formatting them where all are empty, and tells whose they are. A directory whose disk does not answer is added to
    /// <paramref name="unreadable"/> where there is one and it does not hold the metadata log: the node can do without it.
    /// </summary>
    public static MetaProperties Prepare(IFileStore files, ServerConfig config, DateTimeOffset now, Random random, IDictionary<string, Exception>? unreadable = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(config);
        string metadataDirectory = config.MetadataLogDir;
        var directories = config.LogDirs.Append(metadataDirectory).Distinct(StringComparer.Ordinal).ToList();
        if (unreadable is not null)
        {
            foreach (string directory in directories.Where(d => d != metadataDirectory))
            {
                if (WhyUnreadable(files, directory) is { } failure) unreadable[directory] = failure;
            }

            directories.RemoveAll(unreadable.ContainsKey);
        }

        var metas = directories.ConvertAll(d => Read(files, d));
        if (metas.TrueForAll(m => m is null))
        {
            if (directories.Find(d => !IsEmpty(files, d)) is { } used)
            {
                throw new QuorumStateException($"No readable meta.properties files found: {used} holds data but does not say whose. To begin anew remove all data in it.");
            }

            var controller = config.Listeners.AdvertisedOfController.FirstOrDefault();
            var endpoint = config.Node.StaticVoters.Count > 0 || controller is null ? null : new Endpoint(controller.Name, controller.Host, controller.Port, 0);
            try
            {
                Format(files, directories, metadataDirectory, new FormatSettings(config.NodeId, config.ClusterId ?? RandomIds.Next(random).ToString(), endpoint), now, random);
            }
            catch (IOException e)
            {
                throw new QuorumStateException($"log.dirs: {string.Join(", ", directories)} cannot be formatted as a data directory, is it writable? {e.Message}", e);
            }

            return Read(files, metadataDirectory)!;
        }

        var known = metas.Find(m => m is not null)!;
        for (int i = 0; i < directories.Count; i++)
        {
            Check(directories[i], metas[i], known, config.NodeId);
        }

        return metas[directories.IndexOf(metadataDirectory)]!;
    }

    /// <summary>
    /// Formats directories. The file that makes a directory a formatted one is written last: when the power fails before, the directory counts as empty.
    /// </summary>
    public static void Format(
        IFileStore files, IReadOnlyList<string> directories, string metadataDirectory, FormatSettings settings, DateTimeOffset now, Random random)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(directories);
        ArgumentNullException.ThrowIfNull(settings);
        var ids = directories.ToDictionary(d => d, _ => RandomIds.Next(random), StringComparer.Ordinal);
        foreach (string directory in directories)
        {
            Create(files, directory);
        }

        string folder = Path.Combine(metadataDirectory, MetadataLog.FolderName);
        files.CreateFolder(folder);
        VoterSet? voters = settings.ControllerEndpoint is { } endpoint
            ? new VoterSet([new Voter(new ReplicaKey(settings.NodeId, ids[metadataDirectory]), [endpoint])])
            : null;
        long nowMs = now.ToUnixTimeMilliseconds();
        using var buffer = new PooledBuffer();
        new QuorumSnapshot(nowMs, voters is null ? (short)0 : (short)1, voters, NewClusterFeatures).WriteTo(buffer, SnapshotId.Bootstrap, nowMs);
        string path = Path.Combine(folder, SnapshotId.Bootstrap.FileName);
        files.Delete(path);
        files.WriteAtomically(path, buffer.WrittenSpan, readOnly: true);
        foreach (string directory in directories)
        {
            files.SyncFolder(directory);
            new MetaProperties(settings.ClusterId, settings.NodeId, ids[directory]).Write(files, directory, now);
        }
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

    private static Exception? WhyUnreadable(IFileStore files, string directory)
    {
        try
        {
            _ = Read(files, directory);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure;
        }
    }

    private static MetaProperties? Read(IFileStore files, string directory)
    {
        try
        {
            return files.FolderExists(directory) ? MetaProperties.Read(files, directory) : null;
        }
        catch (LogCorruptionException malformed)
        {
            throw new QuorumStateException(malformed.Message, malformed);
        }
    }

    private static void Check(string directory, MetaProperties? meta, MetaProperties first, int nodeId)
    {
        if (meta is null)
        {
            throw new QuorumStateException($"The directory {directory} is not formatted, while others of this node are. Format it with kafka-storage format --ignore-formatted.");
        }

        if (meta.NodeId != nodeId)
        {
            throw new QuorumStateException(
                $"Stored node id {meta.NodeId} doesn't match previous node id {nodeId} in {Path.Combine(directory, MetaProperties.FileName)}. If you moved your data, make sure your configured node id matches. If you intend to create a new node, you should remove all data in your data directories.");
        }

        if (meta.ClusterId != first.ClusterId)
        {
            throw new QuorumStateException($"The directory {directory} belongs to the cluster {meta.ClusterId}, others of this node to {first.ClusterId}.");
        }

        if (meta.DirectoryId is null || DirectoryIds.IsReserved(meta.DirectoryId.Value))
        {
            throw new QuorumStateException($"The directory {directory} has no directory.id in {MetaProperties.FileName}.");
        }
    }

    /// <summary>Whether nobody has used a directory: at most a formatting was begun in it.</summary>
    private static bool IsEmpty(IFileStore files, string directory)
    {
        if (!files.FolderExists(directory))
        {
            return true;
        }

        foreach (var entry in files.List(directory))
        {
            bool isOurs = entry.Name is LogDirectory.LockFileName or "lost+found" || entry.Name.StartsWith(MetaProperties.FileName, StringComparison.Ordinal)
                || (entry.Name == MetadataLog.FolderName
                    && files.List(Path.Combine(directory, entry.Name)).All(f => f.Name.StartsWith(SnapshotId.Bootstrap.FileName, StringComparison.Ordinal)));
            if (!isOurs)
            {
                return false;
            }
        }

        return true;
    }
}
