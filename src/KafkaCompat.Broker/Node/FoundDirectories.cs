using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The directories of a node as they are found: whose they are, which of them it can do without, and what stands in the way of a start. Nothing is changed.
/// Where Kafka would not start, <see cref="QuorumStateException"/> says why in one line.
/// </summary>
/// <remarks>
/// As with Kafka a directory that cannot be read or written, or whose meta.properties is malformed, is offline and the others serve; the directory of the
/// metadata log is the one that a node cannot do without. A directory that has no meta.properties beside others that have is new, or a disk that is not
/// mounted: only the metadata distinguishes them, so it is left as it is and named among <see cref="Empty"/>.
/// </remarks>
public sealed class FoundDirectories
{
    private readonly IFileStore _files;
    private readonly ServerConfig _config;
    private readonly Dictionary<string, MetaProperties> _metas = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Exception> _unusable = new(StringComparer.Ordinal);

    private FoundDirectories(IFileStore files, ServerConfig config) => (_files, _config) = (files, config);

    /// <summary>What each formatted directory says of its node.</summary>
    public IReadOnlyDictionary<string, MetaProperties> Metas => _metas;

    /// <summary>Directories that cannot be used, and why.</summary>
    public IReadOnlyDictionary<string, Exception> Unusable => _unusable;

    /// <summary>Directories that nobody has formatted, beside others that somebody has.</summary>
    public IReadOnlyList<string> Empty { get; private set; } = [];

    /// <summary>Looks into the directories of a node. <see cref="Require"/> says what stands in the way of a start.</summary>
    public static FoundDirectories Look(IFileStore files, ServerConfig config)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(config);
        var found = new FoundDirectories(files, config);
        foreach (var directory in config.NodeDirs) found.Look(directory);
        if (found._metas.Count > 0)
            found.Empty = [.. config.NodeDirs.Where(directory => !found._metas.ContainsKey(directory) && !found._unusable.ContainsKey(directory))];
        return found;
    }

    /// <summary>Throws where a node with these directories would not start.</summary>
    /// <exception cref="QuorumStateException">Its files say why.</exception>
    /// <exception cref="ConfigurationException">Its settings do.</exception>
    public void Require()
    {
        RequireDistinct(_files, _config);
        if (_unusable.TryGetValue(_config.MetadataLogDir, out var unreadable))
        {
            throw new QuorumStateException($"The log directory {_config.MetadataLogDir}, which holds the metadata log, cannot be used: {unreadable.Message}",
                SettingOf(_config.MetadataLogDir), unreadable);
        }

        if (_metas.Count == 0)
        {
            RequireUnused(_config.NodeDirs.Except(_unusable.Keys, StringComparer.Ordinal));
            if (_unusable.Count > 0)
            {
                var (unusable, failure) = _unusable.First();
                throw new QuorumStateException(
                    $"The log directory {unusable} cannot be used: {failure.Message.TrimEnd('.')}. No other log directory of this node is formatted, so this "
                    + "may be a new node or one that lost its disk. Make the directory usable, or remove it from log.dirs.", SettingOf(unusable), failure);
            }

            if (_config.Node.WhyNoNewCluster(_config.NodeDirs) is { } problem) throw new ConfigurationException([problem]);
            return;
        }

        RequireUnused(Empty);
        if (Empty.Contains(_config.MetadataLogDir))
        {
            throw new QuorumStateException(
                $"The log directory {_config.MetadataLogDir}, which is to hold the metadata log, is not formatted, while others of this node are: "
                + "is its disk mounted, is metadata.log.dir right? Without its metadata log the node would start an empty cluster.",
                SettingOf(_config.MetadataLogDir));
        }

        RequireOneOwner();
        RequireMetadata();
    }

    /// <summary>
    /// Throws where two directories are one under different paths or by links, whether or not it exists: Apache Kafka formats it and refuses to start over it.
    /// The same path twice is one directory, there as here.
    /// </summary>
    /// <exception cref="QuorumStateException">There are such two.</exception>
    public static void RequireDistinct(IFileStore files, ServerConfig config)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(config);
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var directory in config.NodeDirs)
        {
            var path = files.Resolve(directory);
            if (paths.TryAdd(path, directory)) continue;
            var first = paths[path];
            var (setting, other) = (config.SettingOfDirectory(first), config.SettingOfDirectory(directory));
            var links = IsAsWritten(first) && IsAsWritten(directory) ? "" : $" Both lead to {path}.";
            throw setting == other
                ? new QuorumStateException($"{setting} names the same directory twice, as {first} and as {directory}.{links}", [setting])
                : new QuorumStateException(
                $"{setting} and {other} name the same directory by different paths, {first} and {directory}.{links} Write the same path in both.",
                [setting, other]);

            bool IsAsWritten(string written) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(written)) == path;
        }
    }

    /// <summary>Directories that a broker uses that runs now, as far as that is known.</summary>
    public IReadOnlyList<string> InUse =>
        [.. _config.NodeDirs.Where(directory => !_unusable.ContainsKey(directory)
        && _files.IsLockedByAnother(Path.Combine(directory, LogDirectory.LockFileName)))];

    /// <summary>
    /// The topics that have a folder in any of the directories; null where one cannot be looked into, or is empty beside others: it may have more.
    /// </summary>
    public IReadOnlySet<string>? Topics() => _unusable.Count + Empty.Count > 0
        ? null
        : _config.NodeDirs.SelectMany(directory => DirectoryContent.TopicsIn(_files, directory)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Each directory with what a start would find there, for people.</summary>
    public IReadOnlyList<(string Directory, string State)> States() => [.. _config.NodeDirs.Select(directory => (directory, StateOf(directory)))];

    private string StateOf(string directory)
    {
        if (_unusable.TryGetValue(directory, out var failure)) return $"cannot be used: {failure.Message.TrimEnd('.')}";
        if (_metas.TryGetValue(directory, out var meta))
        {
            var metadata = HasMetadataLog(directory)
                ? $" and holds {(directory == _config.MetadataLogDir ? "the" : "a")} metadata log"
                : directory == _config.MetadataLogDir ? " and is to hold the metadata log" : "";
            return $"belongs to node {meta.NodeId} of cluster {meta.ClusterId}{metadata}";
        }

        if (DirectoryContent.DataIn(_files, directory) is { } data) return $"holds data and has no meta.properties: there is {data}";
        return (_files.FolderExists(directory) ? "holds no data and will be formatted" : "will be created and formatted")
            + (_metas.Count == 0 ? "" : ", unless the metadata knows of a directory that is missing");
    }

    /// <summary>Reads whose a directory is; one that cannot be used is noted, or is the end where it has to hold the metadata log.</summary>
    private void Look(string directory)
    {
        try
        {
            if (!_files.FolderExists(directory))
            {
                RequireCreatable(directory);
                return;
            }

            _files.RequireUsable(directory);
            if (MetaProperties.Read(_files, directory) is { } meta)
            {
                _metas[directory] = meta;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or LogCorruptionException)
        {
            _unusable[directory] = failure;
        }
    }

    /// <summary>Throws where a folder cannot be made, as far as that is known without doing it.</summary>
    private void RequireCreatable(string directory)
    {
        for (var path = Path.GetFullPath(directory); path is not null; path = Path.GetDirectoryName(path))
        {
            if (_files.FolderExists(path))
            {
                _files.RequireUsable(path);
                return;
            }

            if (_files.FileExists(path))
            {
                var place = _files.Resolve(path);
                var what = _files.FileExists(place) ? "is a file, not a folder." : $"is a link to {place}, which does not exist.";
                throw new IOException(path == Path.GetFullPath(directory) ? $"{directory} {what}" : $"{directory} cannot be created: {path} {what}");
            }
        }
    }

    private void RequireUnused(IEnumerable<string> directories)
    {
        foreach (var directory in directories)
        {
            if (DirectoryContent.DataIn(_files, directory) is { } data)
            {
                throw new QuorumStateException(
                    $"No readable meta.properties files found: {directory} holds data and has no meta.properties, which says whose data it is: there is "
                        + $"{data}. Restore the file, or remove all data to start with an empty directory.",
                    SettingOf(directory));
            }
        }
    }

    /// <summary>
    /// Topics without a metadata log are those of a broker of ZooKeeper's days, of a node that lost the disk with its metadata, or of one whose metadata log
    /// lies elsewhere. A node that started over would know none of them and set every one aside. Without topics only a quorum whose voters the settings name
    /// can begin there: Apache Kafka waits for voters without end.
    /// </summary>
    private void RequireMetadata()
    {
        if (HasMetadataLog(_config.MetadataLogDir)) return;
        foreach (var directory in _metas.Keys)
        {
            if (DirectoryContent.PartitionIn(_files, directory) is not { } partition) continue;
            throw new QuorumStateException(
                $"{Path.Combine(directory, partition)} is a partition, and {_config.MetadataLogDir} has no metadata log that knows of it. Nothing was "
                + $"changed. {WhereElse()}", SettingOf(_config.MetadataLogDir));
        }

        if (_config.Node.StaticVoters.Count == 0)
        {
            throw new QuorumStateException(
                $"{_config.MetadataLogDir}, where this node's metadata log is looked for, holds none. Nothing was changed. {WhereElse()}",
                SettingOf(_config.MetadataLogDir));
        }
    }

    private string WhereElse() => _metas.Keys.FirstOrDefault(HasMetadataLog) is { } directory
        ? $"{directory} holds one: set metadata.log.dir={directory}."
        : "If it lies in another directory, set metadata.log.dir to that. If its disk is not mounted, mount it. If a broker with ZooKeeper wrote the data, "
        + "migrate the cluster to KRaft with Apache Kafka 3.9 first.";

    private bool HasMetadataLog(string directory) => DirectoryContent.HasMetadataLog(_files, directory);

    private void RequireOneOwner()
    {
        var nodeId = _config.NodeId;
        var first = _metas.First();
        var owners = new Dictionary<Uuid, string>();
        foreach (var (directory, meta) in _metas)
        {
            var file = Path.Combine(directory, MetaProperties.FileName);
            if (meta.NodeId != nodeId)
            {
                throw new QuorumStateException(
                    $"Stored node id {meta.NodeId} doesn't match previous node id {nodeId} in {file}. If you moved your data, make sure your configured node "
                        + "id matches. If you intend to create a new node, you should remove all data in your data directories.",
                    [_config.IsSet(ConfigKeys.NodeId) ? ConfigKeys.NodeId : ConfigKeys.BrokerId]);
            }

            if (meta.ClusterId != first.Value.ClusterId)
            {
                throw new QuorumStateException(
                    $"The directory {directory} belongs to the cluster {meta.ClusterId}, and {first.Key} to {first.Value.ClusterId}. Directories of a node "
                    + "have one cluster.", SettingOf(directory));
            }

            if (meta.DirectoryId is not { } id)
            {
                continue;
            }

            if (DirectoryIds.IsReserved(id))
            {
                throw new QuorumStateException($"The directory.id {id} in {file} is reserved by Kafka. Remove that line. The next start writes another id.",
                    SettingOf(directory));
            }

            if (!owners.TryAdd(id, directory))
            {
                throw new QuorumStateException(
                    $"The directories {owners[id]} and {directory} have the same directory.id {id}: one is a copy of the other, or both paths lead to the "
                        + "same place. Remove the line directory.id from the meta.properties of a copy.",
                    SettingOf(directory));
            }
        }
    }

    private string[] SettingOf(string directory) => [_config.SettingOfDirectory(directory)];
}
