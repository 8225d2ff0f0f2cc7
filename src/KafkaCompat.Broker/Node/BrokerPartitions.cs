using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The partitions of a broker on its disks: opened as the metadata says, worked on by background tasks, and closed so that the next start trusts the files.
/// </summary>
internal sealed class BrokerPartitions : IAsyncDisposable
{
    private readonly LogDirectories _directories;
    private readonly LogSyncer _syncer;
    private readonly PartitionOpener _opener;
    private readonly HostedPartitions _hosted;
    private readonly LogMaintenance _maintenance;
    private readonly DynamicBrokerConfig _settings;
    private readonly ILogger _logger;
    private readonly FatalFaults _faults;

    /// <param name="config">As the node started.</param>
    /// <param name="metadata">What is known of topics and of settings.</param>
    /// <param name="directories">Where the partitions lie.</param>
    /// <param name="placed">Told of each replica that is in another directory than the metadata says: topic, partition, directory.</param>
    /// <param name="surroundings">What the node stands on.</param>
    public BrokerPartitions(
        ServerConfig config, BrokerMetadata metadata, LogDirectories directories, Action<Uuid, int, Uuid> placed, NodeSurroundings surroundings)
    {
        _directories = directories;
        _settings = metadata.Settings;
        (_logger, _faults) = (surroundings.NodeLogger, surroundings.Faults);
        var logLogger = surroundings.Logs.CreateLogger("kafkacompat.logs");
        Table = new PartitionTable();
        _syncer = new LogSyncer(surroundings.Time);
        _opener = new PartitionOpener(directories, metadata, _syncer, surroundings.Time, logLogger) { Placed = placed };
        _hosted = new HostedPartitions(Table, _opener, directories, metadata, surroundings.Time, logLogger);
        _maintenance = new LogMaintenance(Table, directories, config, surroundings.Time, logLogger);
        Compaction = new CompactionNotices(metadata, logLogger);
        _settings.Changed += ApplySettings;
    }

    /// <summary>Raised when other directories take no new partitions than before; the controller has to hear of it.</summary>
    public event Action? CordonsChanged;

    public PartitionTable Table { get; }

    /// <summary>Makes the partitions what the metadata says.</summary>
    public IMetadataListener Hosted => _hosted;

    /// <summary>Says which topics ask for what is not served yet.</summary>
    public CompactionNotices Compaction { get; }

    /// <summary>The broker's epoch, for the mark of a clean shutdown; null where the directories end without one.</summary>
    public long? EpochAtEnd { get; set; }

    /// <summary>Whether partitions could not be opened for a reason that passes; the next step of metadata, of any kind, has them tried again.</summary>
    public bool HasRefused => _hosted.HasRefused;

    /// <summary>Ends, or fails, when the background tasks of the logs do: nothing would be made durable or deleted any more.</summary>
    public Task Completion => Task.WhenAny(_syncer.Completion, _maintenance.Completion).Unwrap();

    /// <summary>Opens the logs of the directories that <paramref name="image"/> knows. Before the first step is published.</summary>
    public Task LoadDirectory(MetadataImage image)
    {
        ApplySettings(_settings.Of(image));
        return _opener.LoadDirectory(image);
    }

    /// <summary>Starts the background tasks.</summary>
    public void Start()
    {
        _syncer.Start();
        foreach (var directory in _directories.All) directory.Environment.WriteBehind?.Start();
        _maintenance.Start();
    }

    /// <summary>Ends the background tasks: what they do to logs is done, or the disk does not answer.</summary>
    public async Task Stop(DiskWork work)
    {
        await work.End("the background tasks", _maintenance.DisposeAsync);
        await work.End("the syncs", () => new ValueTask(_syncer.Stop()));
        await work.End("the writes behind", async () =>
            await Task.WhenAll(_directories.All.Select(static directory => directory.Environment.WriteBehind?.Stop() ?? Task.CompletedTask)));
    }

    /// <summary>Closes the partitions with their directories, when the background tasks have ended.</summary>
    public async ValueTask DisposeAsync() => await Task.WhenAll(_directories.All.Select(Close));

    /// <summary>Closes a directory away from the others: a disk that does not answer keeps its own from ending cleanly, and no other.</summary>
    private async Task Close(LogDirectory directory)
    {
        await Task.Yield();
        // A disk that is behind with what the metadata has asked makes no log in a directory that is closed already.
        await _hosted.WhenIdle(directory).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        var steps = new StopSteps(_logger, _faults);
        var highWatermarks = new Dictionary<TopicPartition, long>();
        foreach (var partition in Table.All)
        {
            if (partition.Log.Health != directory.Health) continue;
            highWatermarks[partition.Log.Partition] = partition.HighWatermark;
            steps.Take(partition.Close);
        }
        try
        {
            if (EpochAtEnd is { } epoch && !steps.HasFailed) await directory.CloseCleanly(epoch, highWatermarks);
            else directory.Dispose();
        }
        catch (Exception failure)
        {
            // The other directories are not to be marked clean beside it.
            _ = _faults.Report(failure);
            throw;
        }
    }

    /// <summary>Hands settings that Kafka changes while a broker runs to those who have them here; topics' defaults are the partitions' own.</summary>
    private void ApplySettings(ServerConfig config)
    {
        foreach (var directory in _directories.All) directory.Environment.ProducerIdExpirationMs = config.GetInt(ConfigKeys.ProducerIdExpirationMs);
        var cordoned = _directories.CordonedIds;
        _directories.Cordon(directory => config.IsCordoned(directory.Path));
        if (!cordoned.SequenceEqual(_directories.CordonedIds)) CordonsChanged?.Invoke();
    }
}
