using System.Collections.Concurrent;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Opens partitions over their logs: those that the directories hold when the node starts, and those that the metadata gives to this broker later, whose logs
/// it makes.
/// </summary>
internal sealed class PartitionOpener(LogDirectories directories, BrokerMetadata metadata, LogSyncer syncer, TimeProvider time, ILogger logger)
{
    /// <summary>High watermarks of partitions that the directories held at the start and that are not open yet.</summary>
    private ConcurrentDictionary<TopicPartition, long>? _highWatermarks;

    /// <summary>
    /// Partitions that were there before the start, whose log was not found, and of which the metadata does not say which directory has it. Where a directory
    /// is offline it may be in that: a second log beside it is one that no later start could choose between.
    /// </summary>
    private HashSet<(Uuid Topic, int Partition)> _unplaced = [];

    /// <summary>Told of each replica that is in another directory than the metadata says: topic, partition, directory.</summary>
    public Action<Uuid, int, Uuid>? Placed { get; init; }

    /// <summary>Opens the logs that the directories hold and sets strays aside. To be called once, with the first image that is known to be complete.</summary>
    public async Task LoadDirectory(MetadataImage image)
    {
        // A directory that was formatted a moment ago has no mark of a clean stop either, and nothing to check.
        foreach (var directory in directories.Online.Where(directory => !directory.WasClosedCleanly && !image.Topics.IsEmpty))
            PartitionLogMessages.RecoveryBegins(logger, directory.Path);
        var started = time.GetTimestamp();
        var configs = new ConcurrentDictionary<string, TopicConfig>(StringComparer.Ordinal);
        await directories.LoadAll(
            (partition, topicId) => IsHere(image, partition, topicId),
            partition => configs.GetOrAdd(partition.Topic, topic => metadata.TopicConfigOf(image, topic)).Log,
            metadata.Settings.Of(image).GetInt(ConfigKeys.NumRecoveryThreadsPerDataDir));
        _highWatermarks = new(directories.HighWatermarksAtStart(
            partition => image.FindPartition(partition.Topic, partition.Partition)?.Replicas.Contains(metadata.NodeId) == true));
        _unplaced = directories.HasOffline ? [.. Unplaced(image)] : [];
        foreach (var stray in directories.Strays) PartitionLogMessages.Stray(logger, stray);
        var progress = directories.Recovery.Progress;
        PartitionLogMessages.LogsOpened(
            logger, progress.Opened, (long)time.GetElapsedTime(started).TotalMilliseconds, progress.CheckedBytes, progress.Repairs);
    }

    /// <summary>
    /// Makes the logs of new partitions in a directory together, so that they wait for the disk together. A single one is made where it is opened.
    /// </summary>
    public async Task CreateLogs(LogDirectory directory, IReadOnlyList<ChangedPartition> partitions)
    {
        var created = new List<NewLog>();
        foreach (var (topic, key, registration, _) in partitions)
        {
            if (directory.Find(key) is not null) continue;
            var epoch = registration.Leader == metadata.NodeId ? registration.LeaderEpoch : LeaderEpochCache.Undefined;
            created.Add(new NewLog(key, topic.Id, topic.Config.Log, epoch));
        }
        if (created.Count < 2) return;
        try
        {
            await directory.CreateAll(created);
        }
        catch (Exception e) when (e is not OperationCanceledException && FatalFaults.MayBeSwallowed(e))
        {
            // Each is tried by itself now, which shows which of them cannot be used and why.
        }
    }

    /// <summary>Opens a partition over its log in a directory, which is made where it is null.</summary>
    public Partition Open(LogDirectory directory, PartitionLog? log, in ChangedPartition changed)
    {
        var (topic, key, registration, _) = changed;
        log ??= directory.Create(key, topic.Id, topic.Config.Log);
        if (log.TopicId is { } found && found != topic.Id)
            throw new LogCorruptionException($"{log.Folder} belongs to topic {found}, while partition {key} belongs to {topic.Id}.");
        Report(directory, topic, key, registration.DirectoryOf(metadata.NodeId));
        var partition = new Partition(topic.Id, log, topic.Config, _highWatermarks?.GetValueOrDefault(key) ?? 0, syncer, time);
        Forget(key);
        return partition;
    }

    /// <summary>The partition is open, or gone.</summary>
    public void Forget(TopicPartition key) => _ = _highWatermarks?.TryRemove(key, out _);

    /// <summary>Why a partition that is not here cannot be opened: its directory has failed, or could not be used at the start. Null where it can be.</summary>
    public string? WhyOffline(Uuid topicId, int index, PartitionRegistration registration) =>
        AssignedDirectory(registration) is { } assigned ? directories.WhyOffline(assigned)
        : _unplaced.Contains((topicId, index)) ? directories.WhyUnplaced() : null;

    /// <summary>The directory that the metadata gives a replica here; null where it gives none.</summary>
    public Uuid? AssignedDirectory(PartitionRegistration registration)
    {
        var assigned = registration.DirectoryOf(metadata.NodeId);
        return DirectoryIds.IsReserved(assigned) ? null : assigned;
    }

    private IEnumerable<(Uuid Topic, int Partition)> Unplaced(MetadataImage image) =>
        from replica in image.ReplicasOf(metadata.NodeId)
        where AssignedDirectory(replica.Registration) is null && directories.Find(new TopicPartition(replica.Topic.Name, replica.Partition)) is null
        select (replica.Topic.Id, replica.Partition);

    private bool IsHere(MetadataImage image, TopicPartition partition, Uuid? topicId)
    {
        var topic = image.FindTopic(partition.Topic);
        // As in Kafka, a folder without partition.metadata is a stray too: the file is there before the first record is.
        return topic is not null && topicId == topic.Id
            && topic.Partitions.TryGetValue(partition.Partition, out var registration) && registration.Replicas.Contains(metadata.NodeId);
    }

    /// <summary>A broker of several directories says where it has put a replica; of a single one the controller knows it.</summary>
    private void Report(LogDirectory home, HostedTopic topic, TopicPartition key, Uuid assigned)
    {
        if (!topic.Image.MetadataVersion.IsDirectoryAssignmentSupported) return;
        var isKnown = assigned == home.Id || (assigned == DirectoryIds.Migrating && directories.All.Count == 1);
        if (!isKnown && home.Id != default) Placed?.Invoke(topic.Id, key.Partition, home.Id);
    }
}
