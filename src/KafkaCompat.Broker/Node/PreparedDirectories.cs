using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The directories of a node before it starts: whose they are, which of them it can do without, and what was done to them. Where Kafka would not start,
/// <see cref="QuorumStateException"/> says why in one line.
/// </summary>
/// <remarks>
/// As with Kafka a directory that cannot be read or written, or whose meta.properties is malformed, is offline and the others serve; the directory of the metadata log is
/// the one that a node cannot do without. A directory that has no meta.properties beside others that have is new, or a disk that is not mounted: only the metadata tells
/// them apart, so it is left as it is and named among <see cref="Empty"/>.
/// </remarks>
public sealed class PreparedDirectories
{
    private readonly IFileStore _files;
    private readonly ServerConfig _config;
    private readonly string _metadataDirectory;
    private readonly List<string> _all;
    private readonly Dictionary<string, MetaProperties> _metas = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Exception> _unusable = new(StringComparer.Ordinal);
    private readonly List<string> _empty = [];
    private readonly List<string> _formatted = [];
    private readonly List<string> _identified = [];

    private PreparedDirectories(IFileStore files, ServerConfig config) => (_files, _config, _metadataDirectory, _all) = (files, config, config.MetadataLogDir, [.. config.NodeDirs]);

    /// <summary>What the metadata log's directory says of the node.</summary>
    public MetaProperties Meta => _metas[_metadataDirectory];

    /// <summary>Directories that cannot be used, and why.</summary>
    public IReadOnlyDictionary<string, Exception> Unusable => _unusable;

    /// <summary>Directories that nobody has formatted, beside others that somebody has.</summary>
    public IReadOnlyList<string> Empty => _empty;

    /// <summary>Directories that were formatted here, because none of the node's was.</summary>
    public IReadOnlyList<string> Formatted => _formatted;

    /// <summary>Directories that Kafka before 3.7 formatted, and that were given a directory.id here, as Kafka does.</summary>
    public IReadOnlyList<string> Identified => _identified;

    /// <summary>Checks the directories of a node, and formats them where all are empty.</summary>
    public static PreparedDirectories Prepare(IFileStore files, ServerConfig config, DateTimeOffset now, Random random)
    {
        var prepared = Look(files, config);
        prepared.Require();
        if (prepared._metas.Count == 0) prepared.Format(prepared._all, now, random);
        else prepared.Identify(now, random);
        return prepared;
    }

    /// <summary>What there is in the directories of a node. It changes nothing, and <see cref="Require"/> says what stands in the way of a start.</summary>
    public static PreparedDirectories Look(IFileStore files, ServerConfig config)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(config);
        var prepared = new PreparedDirectories(files, config);
        prepared._all.ForEach(prepared.Look);
        if (prepared._metas.Count > 0) prepared._empty.AddRange(prepared._all.Where(directory => !prepared._metas.ContainsKey(directory) && !prepared._unusable.ContainsKey(directory)));
        return prepared;
    }

    /// <summary>Throws where a node with these directories would not start.</summary>
    /// <exception cref="QuorumStateException">Its files say why.</exception>
    /// <exception cref="ConfigurationException">Its settings do.</exception>
    public void Require()
    {
        RequireDistinct(_files, _config);
        if (_unusable.TryGetValue(_metadataDirectory, out var unreadable))
        {
            throw new QuorumStateException($"The log directory {_metadataDirectory}, which holds the metadata log, cannot be used: {unreadable.Message}", SettingOf(_metadataDirectory), unreadable);
        }

        if (_metas.Count == 0)
        {
            RequireUnused(_all.Except(_unusable.Keys, StringComparer.Ordinal));
            if (_unusable.Count > 0)
            {
                var (unusable, failure) = _unusable.First();
                throw new QuorumStateException($"The log directory {unusable} cannot be used: {failure.Message.TrimEnd('.')}. No other log directory of this node is formatted, so this may be a new node or one that lost its disk. Make the directory usable, or remove it from log.dirs.", SettingOf(unusable), failure);
            }

            if (_config.Node.WhyNoNewCluster(_all) is { } problem) throw new ConfigurationException([problem]);
            return;
        }

        RequireUnused(_empty);
        if (_empty.Contains(_metadataDirectory))
        {
            throw new QuorumStateException($"The log directory {_metadataDirectory}, which is to hold the metadata log, is not formatted, while others of this node are: "
                + "is its disk mounted, is metadata.log.dir right? Without its metadata log the node would begin anew.", SettingOf(_metadataDirectory));
        }

        Check(_config.NodeId);
        RequireMetadata(isStatic: _config.Node.StaticVoters.Count > 0);
    }

    /// <summary>
    /// Throws where two directories are one under different paths or by links, whether or not it exists: Apache Kafka formats it and refuses to start over it. The same path twice is one
    /// directory, there as here.
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
                : new QuorumStateException($"{setting} and {other} name the same directory by different paths, {first} and {directory}.{links} Write the same path in both.", [setting, other]);

            bool IsAsWritten(string written) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(written)) == path;
        }
    }

    /// <summary>Directories that a broker uses that runs now, as far as that can be told.</summary>
    public IReadOnlyList<string> InUse => _all.FindAll(directory => !_unusable.ContainsKey(directory) && _files.IsLockedByAnother(Path.Combine(directory, LogDirectory.LockFileName)));

    /// <summary>Each directory with what a start would find there, for people.</summary>
    public IReadOnlyList<(string Directory, string State)> States() => _all.ConvertAll(directory => (directory, StateOf(directory)));

    private string StateOf(string directory)
    {
        if (_unusable.TryGetValue(directory, out var failure)) return $"cannot be used: {failure.Message.TrimEnd('.')}";
        if (_metas.TryGetValue(directory, out var meta))
        {
            var metadata = HasMetadataLog(directory) ? $" and holds {(directory == _metadataDirectory ? "the" : "a")} metadata log" : directory == _metadataDirectory ? " and is to hold the metadata log" : "";
            return $"belongs to node {meta.NodeId} of cluster {meta.ClusterId}{metadata}";
        }

        if (DataIn(_files, directory) is { } data) return $"holds data and has no meta.properties: there is {data}";
        return (_files.FolderExists(directory) ? "holds no data and will be formatted" : "will be created and formatted")
            + (_metas.Count == 0 ? "" : ", unless the metadata knows of a directory that is missing");
    }

    /// <summary>
    /// Formats an empty directory for this node. That is for the caller to know: whether the metadata misses a directory that may be this one's disk.
    /// </summary>
    public void FormatEmpty(string directory, DateTimeOffset now, Random random)
    {
        if (!_files.FolderExists(directory))
        {
            _files.CreateFolder(directory);
            _files.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(directory))!);
        }

        var meta = new MetaProperties(Meta.ClusterId, Meta.NodeId, RandomIds.Next(random));
        meta.Write(_files, directory, now);
        _metas[directory] = meta;
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

    /// <summary>Throws where a folder cannot be made, as far as that can be told without doing it.</summary>
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

    private void Format(List<string> directories, DateTimeOffset now, Random random)
    {
        var config = _config;
        var controller = config.Listeners.AdvertisedOfController.FirstOrDefault();
        var endpoint = config.Node.StaticVoters.Count > 0 || controller is null ? null : new Endpoint(controller.Name, controller.Host, controller.Port, 0);
        try
        {
            DirectoryFormat.Format(_files, directories, _metadataDirectory, new FormatSettings(config.NodeId, config.ClusterId ?? RandomIds.Next(random).ToString(), endpoint), now, random);
        }
        catch (IOException e)
        {
            throw new QuorumStateException($"log.dirs: {string.Join(", ", directories)} cannot be formatted: {e.Message.TrimEnd('.')}. Check {(directories.Count == 1 ? "its disk and its" : "their disks and their")} permissions.", SettingOf(directories[0]), e);
        }

        _formatted.AddRange(directories);
        foreach (var directory in directories)
        {
            _metas[directory] = MetaProperties.Read(_files, directory)!;
        }
    }

    private void RequireUnused(IEnumerable<string> directories)
    {
        foreach (var directory in directories)
        {
            if (DataIn(_files, directory) is { } data)
            {
                throw new QuorumStateException(
                    $"No readable meta.properties files found: {directory} holds data and has no meta.properties, which says whose data it is: there is {data}. Restore the file, or remove all data to start with an empty directory.",
                    SettingOf(directory));
            }
        }
    }

    /// <summary>
    /// Topics without a metadata log are those of a broker of ZooKeeper's days, of a node that lost the disk with its metadata, or of one whose metadata log lies elsewhere. A
    /// node that began anew would know none of them and set every one aside. Without topics only a quorum whose voters the settings name can begin there: Apache Kafka waits
    /// for voters without end.
    /// </summary>
    private void RequireMetadata(bool isStatic)
    {
        if (HasMetadataLog(_metadataDirectory)) return;
        foreach (var directory in _metas.Keys)
        {
            if (PartitionFolders(_files.List(directory)).FirstOrDefault() is not { } partition) continue;
            throw new QuorumStateException($"{Path.Combine(directory, partition)} is a partition, and {_metadataDirectory} has no metadata log that knows of it. Nothing was changed. {WhereElse()}", SettingOf(_metadataDirectory));
        }

        if (!isStatic) throw new QuorumStateException($"{_metadataDirectory}, where this node's metadata log is looked for, holds none. Nothing was changed. {WhereElse()}", SettingOf(_metadataDirectory));
    }

    private string WhereElse() => _metas.Keys.FirstOrDefault(HasMetadataLog) is { } directory
        ? $"{directory} holds one: set metadata.log.dir={directory}."
        : "If it lies in another directory, set metadata.log.dir to that. If its disk is not mounted, mount it. If a broker with ZooKeeper wrote the data, migrate the cluster to KRaft with Apache Kafka 3.9 first.";

    private bool HasMetadataLog(string directory)
    {
        var folder = Path.Combine(directory, MetadataLog.FolderName);
        return _files.FolderExists(folder) && _files.List(folder).Count > 0;
    }

    private void Check(int nodeId)
    {
        var first = _metas.First();
        var owners = new Dictionary<Uuid, string>();
        foreach (var (directory, meta) in _metas)
        {
            var file = Path.Combine(directory, MetaProperties.FileName);
            if (meta.NodeId != nodeId)
            {
                throw new QuorumStateException(
                    $"Stored node id {meta.NodeId} doesn't match previous node id {nodeId} in {file}. If you moved your data, make sure your configured node id matches. If you intend to create a new node, you should remove all data in your data directories.",
                    [_config.IsSet("node.id") ? "node.id" : "broker.id"]);
            }

            if (meta.ClusterId != first.Value.ClusterId)
            {
                throw new QuorumStateException($"The directory {directory} belongs to the cluster {meta.ClusterId}, and {first.Key} to {first.Value.ClusterId}. Directories of a node have one cluster.", SettingOf(directory));
            }

            if (meta.DirectoryId is not { } id)
            {
                continue;
            }

            if (DirectoryIds.IsReserved(id))
            {
                throw new QuorumStateException($"The directory.id {id} in {file} is reserved by Kafka. Remove that line. The next start writes another id.", SettingOf(directory));
            }

            if (!owners.TryAdd(id, directory))
            {
                throw new QuorumStateException(
                    $"The directories {owners[id]} and {directory} have the same directory.id {id}: one is a copy of the other, or both paths lead to the same place. Remove the line directory.id from the meta.properties of a copy.",
                    SettingOf(directory));
            }
        }
    }

    private string[] SettingOf(string directory) => [_config.SettingOfDirectory(directory)];

    private void Identify(DateTimeOffset now, Random random)
    {
        foreach (var (directory, meta) in _metas.Where(static pair => pair.Value.DirectoryId is null).ToList())
        {
            var identified = meta with { DirectoryId = (directory == _metadataDirectory ? KnownToVoters(meta.NodeId) : null) ?? RandomIds.Next(random) };
            identified.Write(_files, directory, now);
            _metas[directory] = identified;
            _identified.Add(directory);
        }
    }

    /// <summary>
    /// The id by which the voters of the metadata log's newest snapshot know this node: what the line said that is missing. Null below kraft.version 1, and where the snapshot
    /// cannot be read, of which the quorum tells.
    /// </summary>
    private Uuid? KnownToVoters(int nodeId)
    {
        var folder = Path.Combine(_metadataDirectory, MetadataLog.FolderName);
        try
        {
            SnapshotId? newest = null;
            foreach (var entry in _files.FolderExists(folder) ? _files.List(folder) : [])
            {
                if (SnapshotId.TryParse(entry.Name, out var id) && (newest is not { } known || id > known))
                {
                    newest = id;
                }
            }

            var voters = newest is { } snapshot ? QuorumSnapshot.Read(_files.ReadAllBytes(Path.Combine(folder, snapshot.FileName))).Voters : null;
            return voters?.Voters.FirstOrDefault(voter => voter.Key.Id == nodeId)?.Key.DirectoryId;
        }
        catch (Exception failure) when (failure is MetadataCorruptException or IOException)
        {
            return null;
        }
    }

    /// <summary>
    /// The name of what can be a node's data in a directory: a partition's folder, a checkpoint, a mark of a clean stop; null where there is none. What else lies there (a .gitkeep,
    /// lost+found, a file of a file manager) is nobody's business; a formatting that was begun counts as none.
    /// </summary>
    public static string? DataIn(IFileStore files, string directory)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (!files.FolderExists(directory)) return null;
        var entries = files.List(directory);
        return PartitionFolders(entries).FirstOrDefault()
            ?? entries.Where(entry => entry.IsFolder ? entry.Name == MetadataLog.FolderName && IsBeyondFormatting(files, Path.Combine(directory, entry.Name)) : IsOfBroker(entry.Name))
                .Select(static entry => entry.Name).Order(StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>The folders that are or were a partition's, in the order of their names; the metadata log's is not among them.</summary>
    private static IEnumerable<string> PartitionFolders(IEnumerable<StoredEntry> entries) => entries
        .Where(static entry => entry.IsFolder && TopicPartition.TryParseFolder(entry.Name, out var partition, out _) && partition.Topic != InternalTopics.ClusterMetadata)
        .Select(static entry => entry.Name).Order(StringComparer.Ordinal);

    private static bool IsBeyondFormatting(IFileStore files, string metadataLog) =>
        files.List(metadataLog).Any(static file => !file.Name.StartsWith(SnapshotId.Bootstrap.FileName, StringComparison.Ordinal));

    private static bool IsOfBroker(string file) =>
        file is OffsetCheckpoint.RecoveryPoints or OffsetCheckpoint.HighWatermarks or OffsetCheckpoint.LogStarts or OffsetCheckpoint.Cleaner or LogDirectory.CleanMarkerName;
}
