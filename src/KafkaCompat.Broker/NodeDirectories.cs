using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Storage;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker;

/// <summary>
/// The directories of a node, locked for its life: those of <c>log.dirs</c>, and the one that holds the metadata log, which may be one of them. A node
/// starts without a directory whose disk does not answer, but not without the metadata log, nor without any.
/// </summary>
internal sealed class NodeDirectories : IDisposable
{
    private NodeDirectories(MetaProperties meta, LogDirectories data, LogDirectory metadata)
    {
        Meta = meta;
        Data = data;
        Metadata = metadata;
    }

    /// <summary>What the metadata log's directory says of the node.</summary>
    public MetaProperties Meta { get; }

    /// <summary>The directories of partitions.</summary>
    public LogDirectories Data { get; }

    public LogDirectory Metadata { get; }

    public static NodeDirectories Open(ServerConfig config, IFileStore files, TimeProvider time, Random random, IDiskThreads diskThreads, RecoveryWatch recovery, ILogger logger)
    {
        var unreadable = new Dictionary<string, Exception>();
        var meta = DirectoryFormat.Prepare(files, config, time.GetUtcNow(), random, unreadable);
        var data = new List<LogDirectory>();
        LogDirectory? metadata = null;
        try
        {
            foreach (var path in config.LogDirs.Where(path => !unreadable.ContainsKey(path)))
            {
                try
                {
                    var environment = Environment();
                    // The window is that of the node.
                    if (config.WriteBehindBytes > 0) environment.WriteBehind = new WriteBehind(config.WriteBehindBytes / config.LogDirs.Count, environment.Health, diskThreads);
                    data.Add(LogDirectory.Open(environment, path));
                }
                catch (Exception failure) when (failure is (IOException and not DirectoryInUseException) or UnauthorizedAccessException && path != config.MetadataLogDir)
                {
                    unreadable[path] = failure;
                }
            }
            metadata = data.Find(directory => directory.Path == config.MetadataLogDir) ?? LogDirectory.Open(Environment(), config.MetadataLogDir);
            if (data.Count == 0) throw new IOException($"None of log.dirs can be opened: {unreadable.Values.First().Message}");
        }
        catch
        {
            data.ForEach(static directory => directory.Dispose());
            metadata?.Dispose();
            throw;
        }
        foreach (var (path, failure) in unreadable) BrokerNodeLog.DirectoryNotOpened(logger, failure, path);
        return new NodeDirectories(meta, new LogDirectories(data, hasUnopened: unreadable.Count > 0), metadata);

        // Each its own health and its own randomness: logs of several directories work side by side.
        LogEnvironment Environment() => new(files, time, new Random(random.Next()), recovery)
        {
            ProducerIdExpirationMs = config.GetInt("producer.id.expiration.ms"),
            DiskThreads = diskThreads,
        };
    }

    /// <summary>Lets go of the directories as they are.</summary>
    public void Dispose()
    {
        Data.Dispose();
        Metadata.Dispose();
    }
}
