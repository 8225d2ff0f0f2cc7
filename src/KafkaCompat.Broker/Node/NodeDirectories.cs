using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The directories of a node, locked for its life: those of <c>log.dirs</c>, and the one that holds the metadata log, which may be one of them. A node
/// starts without a directory that cannot be used, but not without the metadata log, nor without any.
/// </summary>
internal sealed class NodeDirectories : IDisposable
{
    private readonly ServerConfig _config;
    private readonly PreparedDirectories _prepared;
    private readonly LogEnvironments _environments;
    private readonly NodeSurroundings _surroundings;
    private readonly ILogger _logger;
    private readonly Dictionary<string, LogDirectory> _opened = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Exception> _unusable;
    private LogDirectories? _data;

    private NodeDirectories(ServerConfig config, PreparedDirectories prepared, LogEnvironments environments, NodeSurroundings surroundings)
    {
        (_config, _prepared, _environments, _surroundings) = (config, prepared, environments, surroundings);
        _logger = surroundings.NodeLogger;
        _unusable = new Dictionary<string, Exception>(prepared.Unusable, StringComparer.Ordinal);
    }

    /// <summary>What the metadata log's directory says of the node.</summary>
    public MetaProperties Meta => _prepared.Meta;

    public LogDirectory Metadata => _opened[_config.MetadataLogDir];

    /// <summary>The directories of partitions, once <see cref="Complete"/> was called.</summary>
    public LogDirectories Data => _data ?? throw new InvalidOperationException("The directories are not complete.");

    /// <summary>Checks, formats where nothing is formatted, and locks the directories of a node.</summary>
    public static NodeDirectories Open(ServerConfig config, IFileStore files, RecoveryWatch recovery, NodeSurroundings surroundings)
    {
        var prepared = PreparedDirectories.Prepare(files, config, surroundings.Time.GetUtcNow(), surroundings.Random);
        var directories = new NodeDirectories(config, prepared, new LogEnvironments(config, files, recovery, surroundings), surroundings);
        try
        {
            foreach (var path in config.NodeDirs)
            {
                if (!directories._unusable.ContainsKey(path) && !prepared.Empty.Contains(path)) directories.OpenOne(path);
            }
        }
        catch
        {
            directories.Dispose();
            throw;
        }
        var logger = directories._logger;
        if (prepared.Formatted.Count > 0 && files.IsInMemory)
            BrokerNodeLogMessages.FormattedInMemory(logger, prepared.Meta.NodeId, prepared.Meta.ClusterId);
        else if (prepared.Formatted.Count > 0)
            BrokerNodeLogMessages.Formatted(logger, string.Join(", ", prepared.Formatted), prepared.Meta.NodeId, prepared.Meta.ClusterId);
        foreach (var path in prepared.Identified) BrokerNodeLogMessages.Identified(logger, path);
        return directories;
    }

    /// <summary>
    /// Formats and opens directories that are empty, now that the metadata is known. As long as it misses no directory of this node an empty one is new. Else
    /// it may be the place of a disk that is not mounted, and to start over there would lose what the disk holds: that is for a person to say.
    /// </summary>
    public void Complete(MetadataImage image)
    {
        var missing = _prepared.Empty.Count == 0 ? 0 : KnownTo(image).Except(_opened.Values.Select(static directory => directory.Id)).Count();
        foreach (var path in _prepared.Empty)
        {
            if (missing > _unusable.Count)
            {
                throw new QuorumStateException(
                    $"The log directory {path} is empty, and a directory that this node had is missing. If its disk is not mounted, mount it. "
                    + "If this is a new disk in its place, format it: kafkacompat format --ignore-formatted, with the same settings.",
                    [_config.SettingOfDirectory(path)]);
            }
            try
            {
                _prepared.FormatEmpty(path, _surroundings.Time.GetUtcNow(), _surroundings.Random);
            }
            catch (IOException failure)
            {
                _unusable[path] = failure;
                continue;
            }
            OpenOne(path);
            BrokerNodeLogMessages.Formatted(_logger, path, Meta.NodeId, Meta.ClusterId);
        }
        var data = _config.LogDirs.Where(_opened.ContainsKey).Select(path => _opened[path]).ToList();
        foreach (var (path, failure) in _unusable) BrokerNodeLogMessages.DirectoryNotOpened(_logger, path, failure.Message);
        if (data.Count == 0)
        {
            throw new QuorumStateException($"None of log.dirs can be used: {_unusable.Values.First().Message}",
                [_config.SettingOfDirectory(_config.LogDirs[0])]);
        }

        _data = new LogDirectories(data, [.. _unusable.Keys]);
    }

    /// <summary>
    /// Directories of this node that the metadata names. A start while one of them is offline registers the others alone; the partitions in it still name it.
    /// </summary>
    private IEnumerable<Uuid> KnownTo(MetadataImage image) => image.ReplicasOf(Meta.NodeId)
        .Select(replica => replica.Registration.DirectoryOf(Meta.NodeId))
        .Where(static directory => !DirectoryIds.IsReserved(directory))
        .Concat(image.Brokers.TryGetValue(Meta.NodeId, out var registered) ? registered.LogDirs : []);

    /// <summary>From here on no file of them is written, and none is marked clean: what the node knows of them may be wrong.</summary>
    public void Fail(Exception cause)
    {
        LogDirectory[] opened;
        lock (_opened) opened = [.. _opened.Values];
        foreach (var directory in opened) directory.Health.Fail(cause);
    }

    /// <summary>Lets go of the directories as they are.</summary>
    public void Dispose()
    {
        foreach (var directory in _opened.Values) directory.Dispose();
    }

    private void OpenOne(string path)
    {
        try
        {
            var opened = LogDirectory.Open(_environments.For(path), path);
            lock (_opened) _opened[path] = opened;
        }
        catch (Exception failure)
            when (failure is (IOException and not DirectoryInUseException) or UnauthorizedAccessException && path == _config.MetadataLogDir)
        {
            throw new QuorumStateException($"The log directory {path}, which holds the metadata log, cannot be used: {failure.Message}",
                [_config.SettingOfDirectory(path)], failure);
        }
        catch (Exception failure)
            when (failure is (IOException and not DirectoryInUseException) or UnauthorizedAccessException && path != _config.MetadataLogDir)
        {
            _unusable[path] = failure;
        }
    }
}
