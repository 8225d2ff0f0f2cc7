using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The directories of a node made ready for its start: formatted where all were empty, and each with an id. <see cref="FoundDirectories"/> says where that
/// cannot be.
/// </summary>
public sealed class PreparedDirectories
{
    private readonly IFileStore _files;
    private readonly ServerConfig _config;
    private readonly FoundDirectories _found;
    private readonly Dictionary<string, MetaProperties> _metas;
    private readonly List<string> _formatted = [];
    private readonly List<string> _identified = [];

    private PreparedDirectories(IFileStore files, ServerConfig config, FoundDirectories found) =>
        (_files, _config, _found, _metas) = (files, config, found, new Dictionary<string, MetaProperties>(found.Metas, StringComparer.Ordinal));

    /// <summary>What the metadata log's directory says of the node.</summary>
    public MetaProperties Meta => _metas[_config.MetadataLogDir];

    /// <summary>Directories that cannot be used, and why.</summary>
    public IReadOnlyDictionary<string, Exception> Unusable => _found.Unusable;

    /// <summary>Directories that nobody has formatted, beside others that somebody has.</summary>
    public IReadOnlyList<string> Empty => _found.Empty;

    /// <summary>Directories that were formatted here, because none of the node's was.</summary>
    public IReadOnlyList<string> Formatted => _formatted;

    /// <summary>Directories that Kafka before 3.7 formatted, and that were given a directory.id here, as Kafka does.</summary>
    public IReadOnlyList<string> Identified => _identified;

    /// <summary>Checks the directories of a node, and formats them where all are empty.</summary>
    /// <exception cref="QuorumStateException">A node with these directories would not start.</exception>
    /// <exception cref="ConfigurationException">Nor with these settings.</exception>
    public static PreparedDirectories Prepare(IFileStore files, ServerConfig config, DateTimeOffset now, Random random)
    {
        var found = FoundDirectories.Look(files, config);
        found.Require();
        var prepared = new PreparedDirectories(files, config, found);
        if (found.Metas.Count == 0) prepared.Format(config.NodeDirs, now, random);
        else prepared.Identify(now, random);
        return prepared;
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

    private void Format(IReadOnlyList<string> directories, DateTimeOffset now, Random random)
    {
        var controller = _config.Listeners.AdvertisedOfController.FirstOrDefault();
        var endpoint = _config.Node.StaticVoters.Count > 0 || controller is null ? null : new Endpoint(controller.Name, controller.Host, controller.Port, 0);
        try
        {
            DirectoryFormat.Format(_files, directories, _config.MetadataLogDir,
                new FormatSettings(_config.NodeId, _config.ClusterId ?? RandomIds.Next(random).ToString(), endpoint), now, random);
        }
        catch (IOException e)
        {
            throw new QuorumStateException(
                $"log.dirs: {string.Join(", ", directories)} cannot be formatted: {e.Message.TrimEnd('.')}. Check "
                + $"{(directories.Count == 1 ? "its disk and its" : "their disks and their")} permissions.", [_config.SettingOfDirectory(directories[0])], e);
        }

        _formatted.AddRange(directories);
        foreach (var directory in directories)
        {
            _metas[directory] = MetaProperties.Read(_files, directory)!;
        }
    }

    private void Identify(DateTimeOffset now, Random random)
    {
        foreach (var (directory, meta) in _metas.Where(static pair => pair.Value.DirectoryId is null).ToList())
        {
            var identified = meta with { DirectoryId = (directory == _config.MetadataLogDir ? KnownToVoters(meta.NodeId) : null) ?? RandomIds.Next(random) };
            identified.Write(_files, directory, now);
            _metas[directory] = identified;
            _identified.Add(directory);
        }
    }

    /// <summary>
    /// The id by which the voters of the metadata log's newest snapshot know this node: what the line said that is missing. Null below kraft.version 1, and
    /// where the snapshot cannot be read, which the quorum reports.
    /// </summary>
    private Uuid? KnownToVoters(int nodeId)
    {
        var folder = Path.Combine(_config.MetadataLogDir, MetadataLog.FolderName);
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
}
