using System.Runtime.ExceptionServices;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Makes the partitions of this node what the metadata says: opens and creates logs, hands leadership on, takes deleted
/// partitions out of service, applies changed configs.
/// </summary>
internal sealed class HostedPartitions : IMetadataListener
{
    private readonly PartitionTable _table;
    private readonly PartitionOpener _opener;
    private readonly LogDirectories _directories;
    private readonly BrokerMetadata _metadata;
    private readonly ILogger _logger;
    private volatile MetadataImage _image = MetadataImage.Empty;

    /// <summary>Partitions that were refused although their disk is sound: for lack of descriptors. They are tried again with each step.</summary>
    private readonly Dictionary<TopicPartition, Uuid> _refused = [];

    private readonly OfflineCauses _offline;

    public HostedPartitions(PartitionTable table, PartitionOpener opener, LogDirectories directories, BrokerMetadata metadata, ILogger logger)
    {
        _table = table;
        _opener = opener;
        _directories = directories;
        _metadata = metadata;
        _logger = logger;
        _offline = new OfflineCauses(table, logger);
        table.IsKnown = (topic, index) => _image.FindPartition(topic, index) is not null;
    }

    /// <summary>Whether partitions wait for another step to be tried again.</summary>
    public bool HasRefused
    {
        get { lock (_refused) return _refused.Count > 0; }
    }

    public async ValueTask OnMetadata(MetadataStep step)
    {
        _image = step.Image;
        // Folders are made, opened, renamed and synced: no thread that answers requests waits for that.
        await _directories.DiskThreads.Run(() =>
        {
            Delete([.. step.Delta.DeletedTopics.SelectMany(
                static topic => topic.Partitions.Keys, static (topic, index) => new TopicPartition(topic.Name, index))]);
            TryAgain(step.Image);
        });
        await _opener.CreateLogs(step);
        await _directories.DiskThreads.Run(() => Apply(step));
    }

    private void Apply(MetadataStep step)
    {
        foreach (var change in step.Delta.ChangedTopics.Values)
        {
            var topic = new HostedTopic(_metadata, step.Image, change.Name, change.Id);
            foreach (var index in change.ChangedPartitions) Apply(topic, index, change[index]);
        }
        foreach (var resource in step.Delta.ChangedConfigs) ApplyConfig(step.Image, resource);
        _offline.Log();
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
        var topics = new Dictionary<Uuid, HostedTopic>();
        foreach (var (key, topicId) in refused)
        {
            if (image.FindTopic(key.Topic) is not { } topic || topic.Id != topicId
                || !topic.Partitions.TryGetValue(key.Partition, out var registration))
            {
                continue;
            }

            if (!topics.TryGetValue(topicId, out var hosted)) topics.Add(topicId, hosted = new HostedTopic(_metadata, image, key.Topic, topicId));
            Apply(hosted, key.Partition, registration);
            if (_table.Find(key.Topic, key.Partition) is not null) healed.Add(key);
        }
        if (healed.Count > 0) PartitionLogMessages.Healed(_logger, healed.Count, healed[0]);
    }

    private void Apply(HostedTopic topic, int index, PartitionRegistration registration)
    {
        // While the node starts somebody may want it to end, and of partitions there may be thousands.
        _directories.Recovery.ThrowIfStopped();
        RequireSound();
        var key = new TopicPartition(topic.Name, index);
        if (!registration.Replicas.Contains(_metadata.NodeId))
        {
            if (_table.Find(topic.Name, index) is not null || _table.Offline.ContainsKey(key)) Delete(key);
            return;
        }
        var partition = _table.Find(topic.Name, index);
        if (partition is not null && partition.TopicId != topic.Id)
        {
            Delete(key);
            partition = null;
        }
        if (partition is not null && partition.Log.Health.IsFailed)
        {
            GoOffline(partition, key);
            return;
        }
        if (partition is null && _directories.Find(key) is null && _opener.WhyOffline(topic.Id, index, registration) is { } reason)
        {
            _offline.Add(key, topic.Id, reason);
            return;
        }
        try
        {
            if (partition is null)
            {
                partition = _opener.Open(topic, key, registration);
                _table.Add(partition);
            }
            partition.Apply(registration, _metadata.NodeId);
            _ = _table.Offline.TryRemove(key, out _);
        }
        catch (Exception e) when (e is not OperationCanceledException && FatalFaults.MayBeSwallowed(e))
        {
            // Whatever it is, it concerns this partition: the node and all others go on. A directory that has failed is logged once for all.
            if (e is KafkaStorageException && _opener.WhyOffline(topic.Id, index, registration) is { } failed) _offline.Add(key, topic.Id, failed);
            else _offline.Add(key, topic.Id, e);
            if (OfflineCauses.IsShortage(e)) lock (_refused) _refused[key] = topic.Id;
            _table.Remove(topic.Name, index)?.Close();
        }
    }

    /// <summary>Where a directory has failed of a broken invariant the node ends: no partition is opened or given up for it.</summary>
    private void RequireSound()
    {
        foreach (var directory in _directories.All)
        {
            if (directory.Health.Cause is { } cause && InvariantException.In(cause) is { } broken) ExceptionDispatchInfo.Throw(broken);
        }
    }

    private void Delete(params IReadOnlyCollection<TopicPartition> keys)
    {
        foreach (var key in keys)
        {
            _ = _table.Offline.TryRemove(key, out _);
            lock (_refused) _ = _refused.Remove(key);
            _opener.Forget(key);
            _table.Remove(key.Topic, key.Partition)?.Close();
        }
        try
        {
            _directories.Delete(keys);
        }
        catch (Exception e) when (FatalFaults.MayBeSwallowed(e))
        {
            // What is left of them is set aside when their names are used again, or with the next start. Of a directory that fails over it one line tells
            // already.
            if (e is not KafkaStorageException || OfflineCauses.IsShortage(e))
                PartitionLogMessages.NotDeleted(_logger, OfflineCauses.IsForeseen(e) ? null : e, keys.Count, keys.First(), e.Message.TrimEnd('.'));
        }
        RequireGone(keys);
    }

    /// <summary>Nobody serves what is to be deleted, or finds it in a directory.</summary>
    private void RequireGone(IReadOnlyCollection<TopicPartition> keys)
    {
        foreach (var key in keys)
            Invariant.Holds(_table.Find(key.Topic, key.Partition) is null && _directories.Find(key) is null, $"{key} was deleted and is hosted");
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
        if (_metadata.Settings.Concerns(resource))
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
