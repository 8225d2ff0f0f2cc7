using System.Globalization;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Cluster.Controller;

/// <summary>The changes of all partitions that a change of one broker leads to.</summary>
internal sealed class LeaderElections(ControllerSettings settings, MetadataImage image)
{
    /// <summary>A broker can no longer lead: it leaves every ISR.</summary>
    public IEnumerable<VersionedRecord> BrokerGone(int broker, bool isUnclean = false)
    {
        foreach (var topic in image.Topics.Values)
        {
            foreach (var (index, partition) in topic.Partitions)
            {
                var isIn = partition.Isr.Contains(broker) || (isUnclean && partition.Elr.Contains(broker));
                if (isIn && Election(topic, index, partition, b => b != broker && IsActive(b), broker, isUnclean) is { } change)
                {
                    yield return change;
                }
            }
        }
    }

    /// <summary>Directories of a broker have failed: it leaves the ISR of every partition that it has there.</summary>
    public IEnumerable<VersionedRecord> DirectoriesGone(int broker, IReadOnlySet<Uuid> directories)
    {
        foreach (var topic in image.Topics.Values)
        {
            foreach (var (index, partition) in topic.Partitions)
            {
                if (partition.Isr.Contains(broker) && directories.Contains(partition.DirectoryOf(broker))
                    && ReplicaGone(topic, index, partition, broker) is { } change)
                {
                    yield return change;
                }
            }
        }
    }

    /// <summary>One replica of a broker can no longer lead.</summary>
    public VersionedRecord? ReplicaGone(TopicImage topic, int index, PartitionRegistration partition, int broker) =>
        partition.Isr.Contains(broker) ? Election(topic, index, partition, b => b != broker && IsActive(b), broker, false) : null;

    /// <summary>A broker can lead again, but for what it has in <paramref name="offline"/> directories: partitions without a leader look for one.</summary>
    public IEnumerable<VersionedRecord> BrokerBack(int broker, IReadOnlySet<Uuid> offline)
    {
        foreach (var topic in image.Topics.Values)
        {
            foreach (var (index, partition) in topic.Partitions)
            {
                if (!partition.HasLeader
                    && Election(topic, index, partition, b => b == broker ? !offline.Contains(partition.DirectoryOf(b)) : IsActive(b), -1, false) is { } change)
                {
                    yield return change;
                }
            }
        }
    }

    /// <summary>An election that somebody asked for: the preferred replica, or any live one even if it lacks records.</summary>
    public VersionedRecord? Elect(TopicImage topic, int index, PartitionRegistration partition, bool isUnclean) =>
        new PartitionElection(topic.Id, index, partition, image.MetadataVersion)
        {
            IsActive = b => IsActive(b) && HasReplica(b, partition),
            IsElrEnabled = image.IsElrEnabled,
            MinInSyncReplicas = IntConfig(topic, ConfigKeys.MinInsyncReplicas, settings.MinInSyncReplicas),
            IsUncleanElectionEnabled = isUnclean,
            IsPreferredWanted = !isUnclean,
        }.Decide();

    /// <summary>Gives a partition other replicas. Its leader moves where it is not among those that stay.</summary>
    public VersionedRecord? Reassign(TopicImage topic, int index, PartitionRegistration partition, PartitionReassignment reassignment) =>
        new PartitionElection(topic.Id, index, partition, image.MetadataVersion)
        {
            IsActive = b => IsActive(b) && HasReplica(b, partition),
            IsElrEnabled = image.IsElrEnabled,
            MinInSyncReplicas = IntConfig(topic, ConfigKeys.MinInsyncReplicas, settings.MinInSyncReplicas),
            IsUncleanElectionEnabled = IsUncleanEnabled(topic),
            TargetIsr = reassignment.Isr,
            Reassignment = reassignment,
        }.Decide();

    /// <summary>Whether a topic may be led by a replica that lacks records.</summary>
    public bool IsUncleanEnabled(TopicImage topic) =>
        bool.TryParse(Config(topic, ConfigKeys.UncleanLeaderElectionEnable), out var isEnabled) ? isEnabled : settings.IsUncleanElectionEnabled;

    private VersionedRecord? Election(TopicImage topic, int index, PartitionRegistration partition, Func<int, bool> isActive, int leaving, bool isUnclean) =>
        new PartitionElection(topic.Id, index, partition, image.MetadataVersion)
        {
            IsActive = b => isActive(b) && HasReplica(b, partition),
            IsElrEnabled = image.IsElrEnabled,
            MinInSyncReplicas = IntConfig(topic, ConfigKeys.MinInsyncReplicas, settings.MinInSyncReplicas),
            IsUncleanElectionEnabled = IsUncleanEnabled(topic),
            TargetIsr = [.. partition.Isr.Where(b => b != leaving)],
            UncleanBroker = isUnclean ? leaving : -1,
        }.Decide();

    /// <summary>Whoever lost the directory of its replica has nothing to lead with.</summary>
    private bool HasReplica(int broker, PartitionRegistration partition) =>
        image.Brokers.TryGetValue(broker, out var registration) && registration.HasOnline(partition.DirectoryOf(broker));

    private bool IsActive(int broker) => image.Brokers.TryGetValue(broker, out var registration) && registration.IsActive;

    /// <summary>The topic's own, else what was set for this node, else for all.</summary>
    private string? Config(TopicImage topic, string name) =>
        image.ConfigsOf(ConfigResource.Topic(topic.Name)).GetValueOrDefault(name)
        ?? image.ConfigsOf(new ConfigResource(ConfigResourceType.Broker, settings.NodeId.ToString(CultureInfo.InvariantCulture))).GetValueOrDefault(name)
        ?? image.ConfigsOf(ConfigResource.AllBrokers).GetValueOrDefault(name);

    private int IntConfig(TopicImage topic, string name, int otherwise) =>
        int.TryParse(Config(topic, name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
