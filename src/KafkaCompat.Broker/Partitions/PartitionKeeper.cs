using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Makes the partitions of this node what the metadata says: opens and creates logs, hands leadership on, takes deleted
/// partitions out of service, applies changed configs. The first step opens the directory's logs and sets strays aside.
/// </summary>
public sealed class PartitionKeeper : IMetadataListener
{
    private readonly PartitionTable _table;
    private readonly LogDirectories _directories;
    private readonly BrokerMetadata _metadata;
    private readonly DynamicBrokerConfig _config;
    private readonly LogSyncer _syncer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Dictionary<TopicPartition, long>? _highWatermarks;
    private volatile MetadataImage _image = MetadataImage.Empty;

    /// <summary>Partitions that were refused although their disk is sound: for lack of descriptors. They are tried again with each step.</summary>
    private readonly Dictionary<TopicPartition, Uuid> _refused = [];

    private readonly OfflineCauses _offline;

    public PartitionKeeper(PartitionTable table, LogDirectories directories, BrokerMetadata metadata, DynamicBrokerConfig config, LogSyncer syncer, TimeProvider time, ILogger logger)
    {
        _table = table;
        _directories = directories;
        _metadata = metadata;
        _config = config;
        _syncer = syncer;
        _time = time;
        _logger = logger;
        _offline = new OfflineCauses(table, logger);
        table.IsKnown = (topic, index) => _image.FindPartition(topic, index) is not null;
    }

    /// <summary>Whether partitions wait for another step to be tried again.</summary>
    public bool HasRefused
    {
        get { lock (_refused) return _refused.Count > 0; }
    }

    /// <summary>Told of each replica that is in another directory than the metadata says: topic, partition, directory.</summary>
    public Action<Uuid, int, Uuid>? Placed { get; set; }

    /// <summary>Opens what the directories hold. To be called once, with the first image that is known to be complete.</summary>
    public async Task LoadDirectory(MetadataImage image)
    {
        // A directory that was formatted a moment ago has no mark of a clean stop either, and nothing to check.
        foreach (var directory in _directories.Online.Where(directory => !directory.WasClosedCleanly && !image.Topics.IsEmpty)) PartitionLogMessages.RecoveryBegins(_logger, directory.Path);
        var started = _time.GetTimestamp();
        await _directories.LoadAll(
            (partition, topicId) => IsHere(image, partition, topicId),
            partition => LogSettingsOf.Topic(_metadata.TopicConfigOf(image, partition.Topic)),
            _config.Of(image).GetInt(ConfigKeys.NumRecoveryThreadsPerDataDir));
        _highWatermarks = _directories.HighWatermarksAtStart(partition => image.FindPartition(partition.Topic, partition.Partition)?.Replicas.Contains(_metadata.NodeId) == true);
        foreach (var stray in _directories.Strays) PartitionLogMessages.Stray(_logger, stray);
        var progress = _directories.Recovery.Progress;
        PartitionLogMessages.LogsOpened(_logger, progress.Opened, (long)_time.GetElapsedTime(started).TotalMilliseconds, progress.CheckedBytes, progress.Repairs);
    }

    public async ValueTask OnMetadata(MetadataStep step)
    {
        _image = step.Image;
        // Folders are made, opened, renamed and synced: no thread that answers requests waits for that.
        await _directories.DiskThreads.Run(() =>
        {
            Delete([.. step.Delta.DeletedTopics.SelectMany(static topic => topic.Partitions.Keys, static (topic, index) => new TopicPartition(topic.Name, index))]);
            TryAgain(step.Image);
        });
        await CreateLogs(step);
        await _directories.DiskThreads.Run(() => Apply(step));
    }

    private void Apply(MetadataStep step)
    {
        foreach (var change in step.Delta.ChangedTopics.Values)
        {
            foreach (var index in change.ChangedPartitions) Apply(change.Name, change.Id, index, change[index]);
        }
        foreach (var resource in step.Delta.ChangedConfigs) ApplyConfig(step.Image, resource);
        _offline.Tell();
    }

    /// <summary>Makes the logs of all new partitions of a step together, so that they wait for the disk together. A single one is made where it is needed.</summary>
    private async Task CreateLogs(MetadataStep step)
    {
        var created = new List<(NewLog, Uuid?)>();
        foreach (var change in step.Delta.ChangedTopics.Values)
        {
            LogSettings? settings = null;
            foreach (var index in change.ChangedPartitions)
            {
                var registration = change[index];
                var key = new TopicPartition(change.Name, index);
                if (!registration.Replicas.Contains(_metadata.NodeId) || _directories.Find(key) is not null || _directories.WhyOffline(AssignedDirectory(registration)) is not null) continue;
                settings ??= LogSettingsOf.Topic(_metadata.TopicConfigOf(_image, change.Name));
                var epoch = registration.Leader == _metadata.NodeId ? registration.LeaderEpoch : LeaderEpochCache.Undefined;
                created.Add((new NewLog(key, change.Id, settings, epoch), AssignedDirectory(registration)));
            }
        }
        if (created.Count < 2) return;
        try
        {
            await _directories.CreateAll(created);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Each is tried by itself now, which tells which of them cannot be used and why.
        }
    }

    private void TryAgain(MetadataImage image)
    {
        List<KeyValuePair<TopicPartition, Uuid>> refused;
        lock (_refused)
        {
            refused = [.. _refused];
            _refused.Clear();
        }
        var healed = new List<TopicPartition>();
        foreach (var (key, topicId) in refused)
        {
            if (image.FindTopic(key.Topic) is not { } topic || topic.Id != topicId || !topic.Partitions.TryGetValue(key.Partition, out var registration)) continue;
            Apply(key.Topic, topicId, key.Partition, registration);
            if (_table.Find(key.Topic, key.Partition) is not null) healed.Add(key);
        }
        if (healed.Count > 0) PartitionLogMessages.Healed(_logger, healed.Count, healed[0]);
    }

    private Uuid? AssignedDirectory(PartitionRegistration registration)
    {
        var assigned = registration.DirectoryOf(_metadata.NodeId);
        return DirectoryIds.IsReserved(assigned) ? null : assigned;
    }

    private bool IsHere(MetadataImage image, TopicPartition partition, Uuid? topicId)
    {
        var topic = image.FindTopic(partition.Topic);
        // As in Kafka, a folder without partition.metadata is a stray too: the file is there before the first record is.
        return topic is not null && topicId == topic.Id
            && topic.Partitions.TryGetValue(partition.Partition, out var registration) && registration.Replicas.Contains(_metadata.NodeId);
    }

    private void Apply(string topic, Uuid topicId, int index, PartitionRegistration registration)
    {
        // While the node starts somebody may want it to end, and of partitions there may be thousands.
        _directories.Recovery.ThrowIfStopped();
        var key = new TopicPartition(topic, index);
        if (!registration.Replicas.Contains(_metadata.NodeId))
        {
            if (_table.Find(topic, index) is not null || _table.Offline.ContainsKey(key)) Delete(key);
            return;
        }
        var partition = _table.Find(topic, index);
        if (partition is not null && partition.TopicId != topicId)
        {
            Delete(key);
            partition = null;
        }
        if (partition is not null && partition.Log.Health.IsFailed)
        {
            GoOffline(partition, key);
            return;
        }
        if (partition is null && _directories.Find(key) is null && _directories.WhyOffline(AssignedDirectory(registration)) is { } reason)
        {
            _offline.Add(key, topicId, reason);
            return;
        }
        try
        {
            partition ??= Open(key, topicId, registration);
            partition.Apply(registration, _metadata.NodeId);
            _ = _table.Offline.TryRemove(key, out _);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever it is, it concerns this partition: the node and all others go on. Of a directory that has failed one line tells for all.
            if (e is KafkaStorageException && _directories.WhyOffline(AssignedDirectory(registration)) is { } failed) _offline.Add(key, topicId, failed);
            else _offline.Add(key, topicId, e);
            if (OfflineCauses.IsShortage(e)) lock (_refused) _refused[key] = topicId;
            _table.Remove(topic, index)?.Close();
        }
    }

    private Partition Open(TopicPartition key, Uuid topicId, PartitionRegistration registration)
    {
        var config = _metadata.TopicConfigOf(_image, key.Topic);
        var assigned = registration.DirectoryOf(_metadata.NodeId);
        var log = _directories.Find(key) ?? _directories.Create(key, topicId, AssignedDirectory(registration), LogSettingsOf.Topic(config));
        if (log.TopicId is { } found && found != topicId) throw new LogCorruptionException($"{log.Folder} belongs to topic {found}, while partition {key} belongs to {topicId}.");
        Report(key, topicId, assigned);
        var partition = new Partition(topicId, log, config, _highWatermarks?.GetValueOrDefault(key) ?? 0, _syncer, _time);
        _ = _highWatermarks?.Remove(key);
        _table.Add(partition);
        return partition;
    }

    private void Delete(params IReadOnlyCollection<TopicPartition> keys)
    {
        foreach (var key in keys)
        {
            _ = _table.Offline.TryRemove(key, out _);
            lock (_refused) _ = _refused.Remove(key);
            _ = _highWatermarks?.Remove(key);
            _table.Remove(key.Topic, key.Partition)?.Close();
        }
        try
        {
            _directories.Delete(keys);
        }
        catch (Exception e)
        {
            // What is left of them is set aside when their names are used again, or with the next start. Of a directory that fails over it one line tells already.
            if (e is not KafkaStorageException || OfflineCauses.IsShortage(e))
                PartitionLogMessages.NotDeleted(_logger, OfflineCauses.IsForeseen(e) ? null : e, keys.Count, keys.First(), e.Message.TrimEnd('.'));
        }
    }

    /// <summary>A broker of several directories says where it has put a replica; of a single one the controller knows it.</summary>
    private void Report(TopicPartition key, Uuid topicId, Uuid assigned)
    {
        if (!_image.MetadataVersion.IsDirectoryAssignmentSupported || _directories.HomeOf(key) is not { } home) return;
        var isKnown = assigned == home.Id || (assigned == DirectoryIds.Migrating && _directories.All.Count == 1);
        if (!isKnown && home.Id != default) Placed?.Invoke(topicId, key.Partition, home.Id);
    }

    /// <summary>Its directory has failed: whoever asks hears of that and not of another leader, as there is none.</summary>
    private void GoOffline(Partition partition, TopicPartition key)
    {
        _offline.Add(key, partition.TopicId, $"the log directory {Path.GetDirectoryName(partition.Log.Folder)} has failed");
        _ = _table.Remove(key.Topic, key.Partition);
        partition.Close();
    }

    private void ApplyConfig(MetadataImage image, ConfigResource resource)
    {
        if (_config.Concerns(resource))
        {
            // A topic's settings stand over the broker's, so any topic may have got another value.
            foreach (var each in image.Topics.Values) ApplyConfig(image, each);
        }
        else if (resource.Type == ConfigResourceType.Topic && image.FindTopic(resource.Name) is { } topic)
        {
            ApplyConfig(image, topic);
        }
    }

    private void ApplyConfig(MetadataImage image, TopicImage topic)
    {
        var config = _metadata.TopicConfigOf(image, topic.Name);
        foreach (var index in topic.Partitions.Keys) _table.Find(topic.Name, index)?.ApplyConfig(config);
    }
}
