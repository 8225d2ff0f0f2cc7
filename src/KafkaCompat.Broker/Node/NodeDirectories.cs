using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Configs;
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
    private readonly IFileStore _files;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly IDiskThreads _diskThreads;
    private readonly RecoveryWatch _recovery;
    private readonly DamageLog _damage;
    private readonly ILogger _logger;
    private readonly PreparedDirectories _prepared;
    private readonly Dictionary<string, LogDirectory> _opened = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Exception> _unusable;
    private LogDirectories? _data;

    private NodeDirectories(ServerConfig config, IFileStore files, TimeProvider time, Random random, IDiskThreads diskThreads, RecoveryWatch recovery,
        ILogger logger)
    {
        (_config, _files, _time, _random, _diskThreads, _recovery, _logger) = (config, files, time, random, diskThreads, recovery, logger);
        _damage = new DamageLog(logger, time);
        _prepared = PreparedDirectories.Prepare(files, config, time.GetUtcNow(), random);
        _unusable = new Dictionary<string, Exception>(_prepared.Unusable, StringComparer.Ordinal);
    }

    /// <summary>What the metadata log's directory says of the node.</summary>
    public MetaProperties Meta => _prepared.Meta;

    public LogDirectory Metadata => _opened[_config.MetadataLogDir];

    /// <summary>The directories of partitions, once <see cref="Complete"/> was called.</summary>
    public LogDirectories Data => _data ?? throw new InvalidOperationException("The directories are not complete.");

    /// <summary>Checks, formats where nothing is formatted, and locks the directories of a node.</summary>
    public static NodeDirectories Open(ServerConfig config, IFileStore files, TimeProvider time, Random random, IDiskThreads diskThreads,
        RecoveryWatch recovery, ILogger logger)
    {
        var directories = new NodeDirectories(config, files, time, random, diskThreads, recovery, logger);
        try
        {
            foreach (var path in config.NodeDirs)
            {
                if (!directories._unusable.ContainsKey(path) && !directories._prepared.Empty.Contains(path)) directories.OpenOne(path);
            }
        }
        catch
        {
            directories.Dispose();
            throw;
        }
        var prepared = directories._prepared;
        if (prepared.Formatted.Count > 0 && files.IsInMemory)
            BrokerNodeLog.FormattedInMemory(logger, prepared.Meta.NodeId, prepared.Meta.ClusterId);
        else if (prepared.Formatted.Count > 0)
            BrokerNodeLog.Formatted(logger, string.Join(", ", prepared.Formatted), prepared.Meta.NodeId, prepared.Meta.ClusterId);
        foreach (var path in prepared.Identified) BrokerNodeLog.Identified(logger, path);
        return directories;
    }

    /// <summary>
    /// Formats and opens directories that are empty, now that the metadata is known. As long as it misses no directory of this node an empty one is new. Else
    /// it may be the place of a disk that is not mounted, and to begin anew there would lose what the disk holds: that is for a person to say.
    /// </summary>
    public void Complete(BrokerRegistration? registered)
    {
        var missing = (registered?.LogDirs ?? []).Except(_opened.Values.Select(static directory => directory.Id)).Count();
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
                _prepared.FormatEmpty(path, _time.GetUtcNow(), _random);
            }
            catch (IOException failure)
            {
                _unusable[path] = failure;
                continue;
            }
            OpenOne(path);
            BrokerNodeLog.Formatted(_logger, path, Meta.NodeId, Meta.ClusterId);
        }
        var data = _config.LogDirs.Where(_opened.ContainsKey).Select(path => _opened[path]).ToList();
        foreach (var (path, failure) in _unusable) BrokerNodeLog.DirectoryNotOpened(_logger, path, failure.Message);
        if (data.Count == 0)
            throw new QuorumStateException($"None of log.dirs can be used: {_unusable.Values.First().Message}",
                [_config.SettingOfDirectory(_config.LogDirs[0])]);
        _data = new LogDirectories(data, [.. _unusable.Keys]);
    }

    /// <summary>Lets go of the directories as they are.</summary>
    public void Dispose()
    {
        foreach (var directory in _opened.Values) directory.Dispose();
    }

    private void OpenOne(string path)
    {
        // Each its own health and its own randomness: logs of several directories work side by side.
        var environment = new LogEnvironment(_files, _time, new Random(_random.Next()), _recovery)
        {
            Damage = _damage.Told,
            ProducerIdExpirationMs = _config.GetInt(ConfigKeys.ProducerIdExpirationMs),
            DiskThreads = _diskThreads,
        };
        // The window is that of the node.
        if (_config.WriteBehindBytes > 0 && _config.LogDirs.Contains(path))
            environment.WriteBehind = new WriteBehind(_config.WriteBehindBytes / _config.LogDirs.Count, environment.Health, _diskThreads);
        try
        {
            _opened[path] = LogDirectory.Open(environment, path);
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
