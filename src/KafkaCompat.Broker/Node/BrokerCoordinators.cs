using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Node;

/// <summary>The coordinators of a broker: each leads what it coordinates where the broker leads partitions of its topic.</summary>
internal sealed class BrokerCoordinators : IAsyncDisposable
{
    private readonly CoordinatorPartitions<GroupShard> _groups;
    private readonly TimerWheel? _ownWheel;

    /// <param name="config">As the node started.</param>
    /// <param name="metadata">As the handlers read it, so that no offset seems to be of a topic that is only about to be there.</param>
    /// <param name="partitions">Whose leadership they follow, and whose logs they write.</param>
    /// <param name="wheel">Where the deadlines of clients hang.</param>
    /// <param name="surroundings">What the node stands on.</param>
    public BrokerCoordinators(ServerConfig config, BrokerMetadata metadata, PartitionTable partitions, TimerWheel wheel, NodeSurroundings surroundings)
    {
        // Groups go by the node's clock, and what clients wait for by another one where a test has two.
        _ownWheel = ReferenceEquals(surroundings.EngineTime, surroundings.Time) ? null : new TimerWheel(surroundings.Time, surroundings.Faults);
        var shards = new ShardSurroundings(
            surroundings.Time, _ownWheel ?? wheel, surroundings.Logs.CreateLogger("kafkacompat.groups"), surroundings.Seams.Turns)
        {
            Faults = surroundings.Faults,
        };
        Groups = new GroupCoordinator(GroupSettings(config), shards, () => metadata.Current);
        _groups = new CoordinatorPartitions<GroupShard>(Groups, partitions, wheel, config.NodeId);
    }

    public GroupCoordinator Groups { get; }

    /// <summary>Those who follow who leads what, in the order in which they have to hear of it.</summary>
    public IReadOnlyList<IMetadataListener> Listeners => [_groups];

    /// <summary>Sends whoever waits for a coordinator here to look for another one.</summary>
    public void Close() => _groups.Close();

    public async ValueTask DisposeAsync()
    {
        await Groups.DisposeAsync();
        _ownWheel?.Dispose();
    }

    private static GroupSettings GroupSettings(ServerConfig config) => new()
    {
        InitialRebalanceDelayMs = config.GetInt(ConfigKeys.GroupInitialRebalanceDelayMs),
        MinSessionTimeoutMs = config.GetInt(ConfigKeys.GroupMinSessionTimeoutMs),
        MaxSessionTimeoutMs = config.GetInt(ConfigKeys.GroupMaxSessionTimeoutMs),
        MaxSize = config.GetInt(ConfigKeys.GroupMaxSize),
        OffsetMetadataMaxLength = config.GetInt(ConfigKeys.OffsetMetadataMaxBytes),
        ConsumerSessionTimeoutMs = config.GetInt(ConfigKeys.GroupConsumerSessionTimeoutMs),
        OffsetsCommitTimeoutMs = config.GetInt(ConfigKeys.OffsetsCommitTimeoutMs),
        OffsetsCodec = (CompressionType)config.GetInt(ConfigKeys.OffsetsTopicCompressionCodec),
        OffsetsRetentionMs = config.GetInt(ConfigKeys.OffsetsRetentionMinutes) * 60_000L,
        OffsetsRetentionCheckIntervalMs = config.GetLong(ConfigKeys.OffsetsRetentionCheckIntervalMs),
    };
}
