using System.Diagnostics.Metrics;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using static KafkaCompat.Broker.Metrics.MetricSet;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The metrics of a node under the meter <see cref="Name"/>. What is walked over to be counted (partitions, groups, the metadata) is walked over once for
/// everybody who asks within <see cref="MaxAgeMs"/>.
/// </summary>
public sealed class BrokerMetrics : IDisposable
{
    public const string Name = "KafkaCompat.Broker";

    /// <summary>How old a count may be when somebody asks for it.</summary>
    public const int MaxAgeMs = 1_000;

    /// <summary>What is shown while there is no group at all: a series that was not there before its first group hides that there was none.</summary>
    private static readonly Dictionary<(GroupType Type, string State), int> NoClassicGroups = Enum.GetNames<ClassicGroupState>()
        .ToDictionary(static state => (GroupType.Classic, state), static _ => 0);

    private readonly BrokerService _broker;
    private readonly Func<QuorumDescription> _quorum;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private TopicTotals _topics = TopicTotals.Empty;
    private GroupCounts _groups = new(NoClassicGroups, 0);
    private ImageTotals _image;
    private long _countedTicks = long.MinValue;

    /// <param name="broker">The broker.</param>
    /// <param name="quorum">How its quorum stands.</param>
    /// <param name="trackedQuotas">How many users and client ids its controller counts the changes of.</param>
    /// <param name="isStopping">Whether the node is about to end.</param>
    /// <param name="version">Of the program.</param>
    /// <param name="time">The node's clock.</param>
    public BrokerMetrics(BrokerService broker, Func<QuorumDescription> quorum, Func<int> trackedQuotas, Func<bool> isStopping, string version,
        TimeProvider time)
    {
        _broker = broker;
        _quorum = quorum;
        _time = time;
        DefineNode(isStopping, version);
        broker.Connections.Requests.Define(Metrics);
        DefineTopics();
        DefinePartitions();
        DefineLogs();
        DefineConnections();
        broker.Connections.Quotas.Define(Metrics, trackedQuotas);
        DefineGroups();
        DefineController();
        DefineQuorum();
    }

    public MetricSet Metrics { get; } = new(Name);

    /// <summary>Counts again, however old the counts are.</summary>
    public void Refresh()
    {
        lock (_lock)
        {
            _topics = TopicTotals.Of(_broker.Partitions);
            _groups = WithGone(_broker.Groups.Count());
            _image = ImageTotals.Of(_broker.Metadata.Current, _broker.Metadata.NodeId);
            _countedTicks = _time.GetTimestamp();
        }
    }

    public void Dispose() => Metrics.Dispose();

    /// <summary>The same counts, with 0 for what was counted once and is gone.</summary>
    private GroupCounts WithGone(GroupCounts counts)
    {
        var groups = _groups.Groups.ToDictionary(static pair => pair.Key, static _ => 0);
        foreach (var (key, count) in counts.Groups) groups[key] = count;
        return counts with { Groups = groups };
    }

    private TopicTotals Topics => Counted(this)._topics;

    private GroupCounts Groups => Counted(this)._groups;

    private ImageTotals Image => Counted(this)._image;

    private static BrokerMetrics Counted(BrokerMetrics metrics)
    {
        lock (metrics._lock)
        {
            if (metrics._countedTicks == long.MinValue || metrics._time.GetElapsedTime(metrics._countedTicks).TotalMilliseconds > MaxAgeMs) metrics.Refresh();
            return metrics;
        }
    }

    private void DefineNode(Func<bool> isStopping, string version)
    {
        const int running = 3;
        const int stopping = 6;
        Metrics.Gauge("kafka.broker.state", "{state}", "3 while it runs, 6 while it stops.", "kafka.server:type=KafkaServer,name=BrokerState",
            () => isStopping() ? stopping : running);
        Metrics.Gauge("kafka.node.info", "{node}", ["node", "cluster", "version"], "Always 1: which node this is.",
            "kafka.server:type=KafkaServer,name=ClusterId and kafka.server:type=app-info (version)",
            () => [new(1, new("node", _broker.Metadata.NodeId), new("cluster", _broker.Metadata.ClusterId),
                new KeyValuePair<string, object?>("version", version))]);
    }

    private void DefineTopics()
    {
        const string jmx = "kafka.server:type=BrokerTopicMetrics";
        string[] labels = ["topic"];
        const string bound = "at most 1,000 topics by name, all others together";
        Metrics.Counter("kafka.topic.in", "By", labels, $"Bytes of batches written; {bound}.", $"{jmx},name=BytesInPerSec,topic=*",
            () => OfTopics(static t => t.BytesIn));
        Metrics.Counter("kafka.topic.messages.in", "{record}", labels, $"Records written; {bound}.", $"{jmx},name=MessagesInPerSec,topic=*",
            () => OfTopics(static t => t.RecordsIn));
        Metrics.Counter("kafka.topic.out", "By", labels, $"Bytes of batches read; {bound}.", $"{jmx},name=BytesOutPerSec,topic=*",
            () => OfTopics(static t => t.BytesOut));
        Metrics.Counter("kafka.produce.failed", "{partition}", [], "Partitions of Produce requests that were answered with an error.",
            $"{jmx},name=FailedProduceRequestsPerSec", () => [Series(_broker.Refusals.Produce)]);
        Metrics.Counter("kafka.fetch.failed", "{partition}", [], "Partitions of Fetch requests that were answered with an error.",
            $"{jmx},name=FailedFetchRequestsPerSec", () => [Series(_broker.Refusals.Fetch)]);
        Metrics.Counter("kafka.produce.rejected", "By", [], "Bytes of batches that were larger than allowed.", $"{jmx},name=BytesRejectedPerSec",
            () => [Series(_broker.Refusals.RejectedBytes)]);
        Metrics.Gauge("kafka.topic.log.size", "By", labels, $"Size of the topic's logs here; {bound}.", "kafka.log:type=Log,name=Size,topic=*,partition=*",
            () => OfTopics(static t => t.LogBytes));
    }

    private void DefinePartitions()
    {
        const string jmx = "kafka.server:type=ReplicaManager";
        const string unit = "{partition}";
        Metrics.Gauge("kafka.partitions", unit, "Partitions with a replica here.", $"{jmx},name=PartitionCount", () => _broker.Partitions.Count);
        Metrics.Gauge("kafka.partitions.led", unit, "Partitions led here.", $"{jmx},name=LeaderCount", () => Topics.Leaders);
        Metrics.Gauge("kafka.partitions.offline.replicas", unit, "Replicas of this node whose log cannot be used.", $"{jmx},name=OfflineReplicaCount",
            () => _broker.Partitions.Offline.Count);
        Metrics.Gauge("kafka.partitions.under.replicated", unit, "Partitions led here that some replica lags behind.", $"{jmx},name=UnderReplicatedPartitions",
            () => Image.UnderReplicated);
        Metrics.Gauge("kafka.partitions.under.min.isr", unit, "Partitions led here with fewer replicas in sync than acks=all needs.",
            $"{jmx},name=UnderMinIsrPartitionCount", () => Topics.UnderMinIsr);
        Metrics.Gauge("kafka.partitions.at.min.isr", unit, "Partitions led here with just as many replicas in sync as acks=all needs.",
            $"{jmx},name=AtMinIsrPartitionCount", () => Topics.AtMinIsr);
        Metrics.Counter("kafka.partitions.isr.shrinks", "{change}", [], "Times that a partition led here lost a replica in sync.",
            $"{jmx},name=IsrShrinksPerSec", () => [Series(_broker.Events.IsrShrinks)]);
        Metrics.Counter("kafka.partitions.isr.expands", "{change}", [], "Times that a partition led here got a replica in sync.",
            $"{jmx},name=IsrExpandsPerSec", () => [Series(_broker.Events.IsrExpands)]);
        Metrics.Gauge("kafka.partitions.reassigning", unit, "Partitions led here that are being moved.", $"{jmx},name=ReassigningPartitions",
            () => Image.Reassigning);
        Metrics.Gauge("kafka.producers", "{producer}", "Producers that partitions here remember, each once for each partition.", $"{jmx},name=ProducerIdCount",
            () => Topics.Producers);
        const string purgatory = "kafka.server:type=DelayedOperationPurgatory,name=PurgatorySize,delayedOperation=*";
        Metrics.Gauge("kafka.purgatory.size", "{request}", ["operation"], "Requests that wait: fetches for bytes, produce requests for acknowledgement.",
            purgatory,
            () => [Series(_broker.WaitingFetches, "operation", "Fetch"), Series(_broker.WaitingProduces, "operation", "Produce")]);
        Metrics.Gauge("kafka.fetch.sessions", "{session}", "Fetch sessions that are remembered.",
            "kafka.server:type=FetchSessionCache,name=NumIncrementalFetchSessions", () => _broker.FetchSessions);
    }

    private void DefineLogs()
    {
        const string jmx = "kafka.log:type=LogManager";
        var directories = _broker.Directories;
        Metrics.Gauge("kafka.log.segments", "{segment}", "Segments of all logs here.", "kafka.log:type=Log,name=NumLogSegments,topic=*,partition=*",
            () => Topics.Segments);
        string[] labels = ["topic", "partition"];
        const string bound = "at most 1,000 partitions, the first by name";
        Metrics.Gauge("kafka.log.start", "{record}", labels, $"The first offset of a partition's log; {bound}.",
            "kafka.log:type=Log,name=LogStartOffset,topic=*,partition=*", () => OfPartitions(static log => log.LogStartOffset));
        Metrics.Gauge("kafka.log.end", "{record}", labels, $"The offset behind the last record of a partition's log; {bound}.",
            "kafka.log:type=Log,name=LogEndOffset,topic=*,partition=*", () => OfPartitions(static log => log.LogEndOffset));
        Metrics.Gauge("kafka.log.size", "By", labels, $"Size of a partition's log; {bound}.", "kafka.log:type=Log,name=Size,topic=*,partition=*",
            () => OfPartitions(static log => log.SizeInBytes));
        Metrics.Gauge("kafka.log.directories.offline", "{directory}", "Log directories that have failed.", $"{jmx},name=OfflineLogDirectoryCount",
            () => directories.All.Count(static directory => directory.Health.IsFailed));
        Metrics.Gauge("kafka.log.directory.offline", "{directory}", ["directory"], "1 for a log directory that has failed.",
            $"{jmx},name=LogDirectoryOffline,logDirectory=*",
            () => directories.All.Select(static directory => Series(directory.Health.IsFailed ? 1 : 0, "directory", directory.Path)));
        Metrics.Gauge("kafka.log.directory.slow", "{directory}", ["directory"],
            $"1 for a log directory to which appends take long: one took more than {SlowAppends.SlowMs} ms, and they wait on threads of their own.", "",
            () => directories.All.Select(static directory => Series(directory.Environment.Appends.AreSlow() ? 1 : 0, "directory", directory.Path)));
        Metrics.Counter("kafka.log.appends.slow", "{append}", ["directory"], $"Appends that took more than {SlowAppends.SlowMs} ms.", "",
            () => directories.All.Select(static directory => Series(directory.Environment.Appends.Count, "directory", directory.Path)));
        Metrics.Gauge("kafka.log.directory.usable", "By", ["directory"], "Bytes that the file system of a log directory has left.", "",
            () => directories.Online.Select(static directory =>
                Series(directory.Environment.Files.Space(directory.Path).UsableBytes, "directory", directory.Path)));
        Metrics.Counter("kafka.log.repairs", "{repair}", ["act"],
            "Repairs that the opening of the logs made when the node started; each has a line in the log.", "",
            () => Enum.GetValues<RepairAct>().Select(act => Series(directories.Recovery.CountOf(act), "act", act.ToString())));
        Metrics.Histogram("kafka.log.flush.time", ["directory"], "Time to make a partition's log durable.",
            "kafka.log:type=LogFlushStats,name=LogFlushRateAndTimeMs",
            () => directories.All.Select(static directory => Flushes(directory)));
    }

    private void DefineConnections()
    {
        const string jmx = "kafka.server:type=socket-server-metrics,listener=*,networkProcessor=*";
        Metrics.Gauge("kafka.connections", "{connection}", ["listener"], "Connections that are open.", $"{jmx} (connection-count)",
            () => _broker.Connections.Open.CountByListener().Select(static pair => Series(pair.Value, "listener", pair.Key)));
        Metrics.Counter("kafka.connections.opened", "{connection}", ["listener"], "Connections that were served, those that are open among them.",
            $"{jmx} (connection-creation-total)",
            () => _broker.Connections.Open.Opened.Select(static pair => Series(pair.Value, "listener", pair.Key)));
        Metrics.Gauge("kafka.answers.unread", "By",
            "Bytes of answers that wait in memory for their clients to read; at most 128 MiB and what is just being written.", "",
            () => _broker.Connections.AnswerMemory.HeldBytes);
        Metrics.Gauge("kafka.request.memory", "By",
            "Bytes that requests take while they are received and handled; counted where queued.max.request.bytes is set.",
            "kafka.network:type=SocketServer,name=MemoryPoolUsed", () => _broker.Connections.RequestMemory?.ClaimedBytes ?? 0);
        Metrics.Gauge("kafka.connections.starved", "{connection}",
            "Connections that are not read before there is room for their next request within queued.max.request.bytes.",
            "", () => _broker.Connections.RequestMemory?.Waiting ?? 0);
    }

    private void DefineGroups()
    {
        const string jmx = "kafka.server:type=group-coordinator-metrics";
        Metrics.Gauge("kafka.groups", "{group}", ["protocol", "state"], "Groups whose coordinator is here.",
            $"{jmx},protocol=* (group-count) and kafka.coordinator.group:type=GroupMetadataManager,name=NumGroups*",
            () => Groups.Groups.Select(static pair => Series(pair.Value, "protocol", pair.Key.Type.ToString().ToLowerInvariant(), "state", pair.Key.State)));
        Metrics.Gauge("kafka.groups.offsets", "{offset}", "Offsets that groups here have committed.",
            "kafka.coordinator.group:type=GroupMetadataManager,name=NumOffsets", () => Groups.Offsets);
        Metrics.Gauge("kafka.groups.partitions", "{partition}", ["state"],
            "Partitions of __consumer_offsets led here; the groups of one that loads are refused until it has.", $"{jmx},state=* (num-partitions)",
            () => [Series(_broker.Groups.LoadedPartitions, "state", "active"), Series(_broker.Groups.LoadingPartitions, "state", "loading")]);
    }

    private void DefineController()
    {
        const string jmx = "kafka.controller:type=KafkaController";
        Metrics.Gauge("kafka.controller.active", "{controller}", "1 where this node is the active controller.", $"{jmx},name=ActiveControllerCount",
            () => _quorum().LeaderId == _broker.Metadata.NodeId ? 1 : 0);
        Metrics.Gauge("kafka.controller.brokers.active", "{broker}", "Brokers that serve.", $"{jmx},name=ActiveBrokerCount", () => Image.ActiveBrokers);
        Metrics.Gauge("kafka.controller.brokers.fenced", "{broker}", "Brokers that are registered and do not serve.", $"{jmx},name=FencedBrokerCount",
            () => Image.FencedBrokers);
        Metrics.Gauge("kafka.controller.topics", "{topic}", "Topics of the cluster.", $"{jmx},name=GlobalTopicCount", () => Image.Topics);
        Metrics.Gauge("kafka.controller.partitions", "{partition}", "Partitions of the cluster.", $"{jmx},name=GlobalPartitionCount", () => Image.Partitions);
        Metrics.Gauge("kafka.controller.partitions.offline", "{partition}", "Partitions of the cluster without a leader.", $"{jmx},name=OfflinePartitionsCount",
            () => Image.Leaderless);
        Metrics.Counter("kafka.controller.elections.unclean", "{election}", [], "Elections of a leader that may lack records, since this node started.",
            "kafka.controller:type=ControllerStats,name=UncleanLeaderElectionsPerSec", () => [Series(_broker.Events.UncleanElections)]);
        Metrics.Gauge("kafka.controller.partitions.imbalance", "{partition}", "Partitions that another than their preferred replica leads.",
            $"{jmx},name=PreferredReplicaImbalanceCount", () => Image.Unpreferred);
        Metrics.Gauge("kafka.metadata.applied.offset", "{record}", "The last record of the metadata log that this broker has applied.",
            "kafka.server:type=broker-metadata-metrics (last-applied-record-offset)",
            () => _broker.Metadata.Current.Provenance.Offset);
    }

    private void DefineQuorum()
    {
        const string jmx = "kafka.server:type=raft-metrics";
        Metrics.Gauge("kafka.quorum.leader", "{node}", "The id of the quorum's leader, -1 where none is known.", $"{jmx} (current-leader)",
            () => _quorum().LeaderId);
        Metrics.Gauge("kafka.quorum.epoch", "{epoch}", "The quorum's epoch.", $"{jmx} (current-epoch)", () => _quorum().Epoch);
        Metrics.Gauge("kafka.quorum.high.watermark", "{record}", "Up to where the metadata log is committed.", $"{jmx} (high-watermark)",
            () => _quorum().HighWatermark);
        Metrics.Gauge("kafka.quorum.log.end", "{record}", ["voter"], "Where the metadata log of each voter ends, as the leader knows it.",
            $"{jmx} (log-end-offset)",
            () => _quorum().Voters.Select(static voter =>
                Series(voter.EndOffset, "voter", voter.Key.Id.ToString(System.Globalization.CultureInfo.InvariantCulture))));
        Metrics.Gauge("kafka.quorum.voters", "{node}", "Voters of the quorum.", $"{jmx} (number-of-voters)", () => _quorum().Voters.Length);
    }

    private IEnumerable<Measurement<long>> OfTopics(Func<TopicTotals.Total, long> value)
    {
        foreach (var (topic, total) in Topics.Topics) yield return Series(value(total), "topic", topic);
    }

    private IEnumerable<Measurement<long>> OfPartitions(Func<PartitionLog, long> value)
    {
        foreach (var partition in Topics.Named)
        {
            yield return Series(value(partition.Log), "topic", partition.Topic, "partition",
                partition.Index.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static SecondsHistogram Flushes(LogDirectory directory)
    {
        var counts = new long[FlushTimes.Bounds.Length + 1];
        directory.Environment.Flushes.AddTo(counts);
        return new SecondsHistogram([new("directory", directory.Path)], FlushTimes.Bounds, counts, directory.Environment.Flushes.Seconds);
    }
}
