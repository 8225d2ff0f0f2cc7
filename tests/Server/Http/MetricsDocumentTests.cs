using System.Text;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Server.Http;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Http;

/// <summary>docs/metrics.md is what the program's meters define, and what a scrape shows.</summary>
public sealed class MetricsDocumentTests : IDisposable
{
    /// <summary>Set to 1, the test writes the document instead of comparing it.</summary>
    private const string WriteVariable = "KAFKACOMPAT_WRITE_DOCS";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-metrics-");

    [Fact]
    public async Task The_table_of_metrics_is_what_the_meters_define()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        using var broker = node.Running.Node.CreateMetrics("test");
        using var process = new ProcessMetrics();
        var expected = Document([.. broker.Metrics.Definitions, .. process.Metrics.Definitions]);
        var file = Path.Combine(Path.GetFullPath(KafkaReference.RepositoryRoot), "docs", "metrics.md");
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1") await File.WriteAllTextAsync(file, expected, TestContext.Current.CancellationToken);
        Assert.Equal(expected, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n"));
    }

    /// <summary>kafka-jmx-names.txt was read off a running node of Apache Kafka 4.4.</summary>
    [Fact]
    public async Task What_a_metric_is_called_in_Kafka_is_a_name_that_Kafka_has()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        using var broker = node.Running.Node.CreateMetrics("test");
        var names = KafkaNames().Select(JmxName.Parse).ToList();
        var wrong = from definition in broker.Metrics.Definitions
                    from text in definition.Kafka.Split(" and ", StringSplitOptions.RemoveEmptyEntries)
                    let name = JmxName.Parse(text)
                    where !names.Exists(name.Covers)
                    select $"{definition.Name}: {text}";
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Every_series_of_a_scrape_has_the_labels_of_its_definition()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        await node.CreateTopic("t");
        using var broker = node.Running.Node.CreateMetrics("test");
        var metrics = Exposition.Parse((await node.Get("metrics")).Text);
        foreach (var definition in broker.Metrics.Definitions)
        {
            var name = PrometheusText.NameOf(definition.Name, definition.Unit, definition.Kind);
            foreach (var series in metrics.Series.Where(series => series.StartsWith(name + "{", StringComparison.Ordinal)))
            {
                var labels = series[(name.Length + 1)..^1].Split("\",").Select(static label => label[..label.IndexOf('=')]);
                Assert.Equal(definition.Labels, labels);
            }
        }
        Assert.Contains("kafka_topic_log_size_bytes", metrics.Types.Keys);
    }

    /// <summary>Whoever adds a metric takes its name out of the table of those that are missing, and whoever adds a name of Kafka's says why it is.</summary>
    [Fact]
    public async Task What_Kafka_has_and_this_program_has_not_is_listed_with_the_reason()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        using var broker = node.Running.Node.CreateMetrics("test");
        var missing = Missing(broker.Metrics.Definitions);
        Assert.DoesNotContain(missing, static name => Reason(name) is null);
        Assert.DoesNotContain(Reasons.Select(static row => row.Names), pattern => !missing.Any(name => Matches(name, pattern)));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Beginnings of names, and why there is no metric for them.</summary>
    private static readonly (string Names, string Reason)[] Reasons =
    [
        ("kafka.cluster:type=Partition",
            "Counted for the node instead of a partition: `kafka_partitions_under_replicated`, `kafka_partitions_under_min_isr`, "
            + "`kafka_partitions_at_min_isr`"),
        ("kafka.controller:type=ControllerEventManager|kafka.controller:type=KafkaController,name=EventQueue",
            "The controller has no event thread of its own. `kafka_request_time_seconds` of CreateTopics and others shows how long it takes"),
        ("kafka.controller:type=ControllerStats,name=ElectionFrom|kafka.controller:type=KafkaController,name=ControlledShutdown|"
            + "kafka.controller:type=KafkaController,name=TimeSince|kafka.controller:type=KafkaController,name=TimedOut|"
            + "kafka.controller:type=KafkaController,name=BrokerRegistrationState|kafka.controller:type=KafkaController,name=NewActive|"
            + "kafka.controller:type=KafkaController,name=IgnoredStatic",
            "One node: it is its own controller and its only broker"),
        ("kafka.controller:type=KafkaController,name=LastApplied|kafka.controller:type=KafkaController,name=LastCommitted|"
            + "kafka.controller:type=KafkaController,name=MetadataErrorCount",
            "`kafka_quorum_high_watermark` and `kafka_metadata_applied_offset`. "
            + "A record that cannot be applied ends the node"),
        ("kafka.coordinator.transaction:|kafka.server:type=transaction-coordinator-metrics|kafka.server:type=AddPartitionsToTxnManager|"
            + "kafka.server:type=ReplicaManager,name=PartitionsWithLate",
            "Transactions are not served yet"),
        ("kafka.log:type=LogCleaner|kafka.utils:type=Throttler", "Compaction is not served yet"),
        ("kafka.log:type=Log,name=RetentionSizeInPercent", "`kafka_log_size_bytes` beside `retention.bytes`"),
        ("kafka.log:type=LogManager,name=Cordoned|kafka.log:type=LogManager,name=LogDirectoryCordoned",
            "`kafka-log-dirs --describe` shows which directories are cordoned"),
        ("kafka.network:type=Acceptor|kafka.network:type=Processor|kafka.network:type=SocketServer|kafka.network:type=RequestChannel|"
            + "kafka.server:type=KafkaRequestHandlerPool",
            "A request is handled on the thread that received it; the queue times and the idle share of handlers are told by the metrics above. "
            + "`dotnet_thread_pool_queue_length_total` shows work that waits for a thread of the pool (it rises and falls, though .NET calls it a counter)"),
        ("kafka.network:type=RequestMetrics,name=MessageConversions|kafka.server:type=BrokerTopicMetrics,name=FetchMessage|"
            + "kafka.server:type=BrokerTopicMetrics,name=ProduceMessage|kafka.network:type=RequestMetrics,name=TemporaryMemory",
            "Conversions are not counted"),
        ("kafka.network:type=RequestMetrics", "Part of `kafka_request_time_seconds`"),
        ("kafka.server:type=BrokerTopicMetrics,name=Invalid|kafka.server:type=BrokerTopicMetrics,name=NoKey",
            "`kafka_request_errors_total` with api Produce and the error (CORRUPT_MESSAGE, INVALID_RECORD)"),
        ("kafka.server:type=BrokerTopicMetrics,name=Reassignment|kafka.server:type=BrokerTopicMetrics,name=Replication|kafka.server:type=ReplicaFetcherManager|"
            + "kafka.server:type=ReplicaAlterLogDirsManager|kafka.server:type=ReplicaManager,name=FailedIsr|kafka.server:type=AssignmentsManager",
            "One node: nothing is replicated"),
        ("kafka.server:type=BrokerTopicMetrics,name=Total", "`kafka_requests_total` with api Produce or Fetch; not by topic"),
        ("kafka.server:type=BrokerTopicMetrics", "Bytes and records of all topics are the sum over `topic`. Share groups are not served yet"),
        ("kafka.server:type=ControllerServer|kafka.server:type=KafkaServer", "The disk of the process: `node_disk_*` of the node exporter"),
        ("kafka.server:type=ControllerMutation|kafka.server:type=Fetch|kafka.server:type=Produce|kafka.server:type=Request",
            "Quotas of single clients: `kafka_quota_entities` says how many are measured, `kafka_request_throttle_time_seconds_total` how long they were "
            + "slowed down"),
        ("kafka.server:type=Delayed", "`kafka_purgatory_size` says how many wait"),
        ("kafka.server:type=ForwardingManager", "One node: nothing is forwarded"),
        ("kafka.server:type=MetadataLoader|kafka.server:type=BrokerMetadataListener|kafka.server:type=SnapshotEmitter|"
            + "kafka.server:type=broker-metadata-metrics|kafka.server:type=node-metrics",
            "`kafka_metadata_applied_offset` and `kafka_quorum_leader`; "
            + "features by `kafka-features describe`"),
        ("kafka.server:type=Share|kafka.server:type=share-coordinator-metrics", "Share groups are not served yet"),
        ("kafka.server:type=app-info", "`kafka_node_info` and `process_start_time_seconds`"),
        ("kafka.server:type=client-metrics", "`client_*` are what clients push"),
        ("kafka.server:type=group-coordinator-metrics",
            "`kafka_groups`, and `kafka_request_time_seconds` of JoinGroup, SyncGroup and OffsetCommit. Groups other than classic ones are not served yet"),
        ("kafka.server:type=raft-metrics", "`kafka_quorum_*`. One node: it votes for itself"),
        ("kafka.server:type=socket-server-metrics",
            "`kafka_connections`, `kafka_connections_opened_total`, `kafka_request_size_bytes_total` and `kafka_response_size_bytes_total`"),
        ("kafka:type=kafka.Log4jController", "Levels of loggers are broker loggers of `kafka-configs`"),
    ];

    private static bool Matches(string name, string patterns) => patterns.Split('|').Any(pattern => name.StartsWith(pattern, StringComparison.Ordinal));

    private static string? Reason(string name) => Reasons.FirstOrDefault(row => Matches(name, row.Names)).Reason;

    private static List<string> KafkaNames() =>
        [.. File.ReadAllLines(Path.Combine(Path.GetFullPath(KafkaReference.RepositoryRoot), "tests", "Server", "Http", "kafka-jmx-names.txt"))
            .Where(static line => line[0] != '#')];

    /// <summary>Names of Kafka that no metric here claims to be.</summary>
    private static List<string> Missing(IReadOnlyList<MetricDefinition> definitions)
    {
        var served = definitions.SelectMany(static definition => definition.Kafka.Split(" and ", StringSplitOptions.RemoveEmptyEntries)).Select(JmxName.Parse)
            .ToList();
        return KafkaNames().FindAll(name => !served.Exists(JmxName.Parse(name).Covers) && !served.Exists(one => one.Covers(JmxName.Parse(name))));
    }

    private static string Document(IReadOnlyList<MetricDefinition> definitions)
    {
        var text = new StringBuilder();
        _ = text.Append("# The metrics of a node, and what Apache Kafka calls them\n\n");
        _ = text.Append("Made from the program's own meters by a test of `tests/Server/`, which fails where this file differs (`").Append(WriteVariable)
            .Append("=1` in its environment rewrites\nit).\n\n");
        _ = text.Append(
            "`/metrics` shows them under these names; as instruments of .NET's `System.Diagnostics.Metrics` (meters `KafkaCompat.Broker`, "
            + "`KafkaCompat.Process`) they have dots for\n");
        _ = text.Append(
            "underscores and neither unit nor `_total`. In Kafka's names a star stands for each value of the label. What Kafka has as a rate a second is a "
            + "total here: ask for\n`rate(…)`.\n\n");
        _ = text.Append("| Metric | Kind | Labels | What it says | In Kafka's JMX |\n|---|---|---|---|---|\n");
        foreach (var definition in definitions)
        {
            _ = text.Append("| `").Append(PrometheusText.NameOf(definition.Name, definition.Unit, definition.Kind)).Append("` | ")
                .Append(definition.Kind.ToString().ToLowerInvariant())
                .Append(" | ").Append(string.Join(", ", definition.Labels)).Append(" | ").Append(definition.Description).Append(" | ")
                .Append(definition.Kafka.Length == 0 ? "" : $"`{definition.Kafka.Replace("|", "\\|", StringComparison.Ordinal)}`").Append(" |\n");
        }
        _ = text.Append("\nBeside these:\n\n");
        _ = text.Append(
            "- `dotnet_*`: .NET's own meter `System.Runtime`, that is its collector (Kafka: `java.lang:type=GarbageCollector`), heap and working set "
            + "(`java.lang:type=Memory`), processor time\n");
        _ = text.Append("  (`java.lang:type=OperatingSystem`), thread pool and locks. What that meter records event by event (exceptions) is left out.\n");
        _ = text.Append(
            "- `client_*`: what clients push of their own metrics (KIP-714), with their attributes, `client_id` and `client_instance_id` as labels. Kafka "
            + "hands them to a Java plug-in.\n");
        _ = text.Append("\n## What Apache Kafka has and this program has not\n\n");
        _ = text.Append("| In Kafka's JMX | Names | Why, and what to look at instead |\n|---|---|---|\n");
        foreach (var group in Missing(definitions).GroupBy(static name => Reasons.First(row => Matches(name, row.Names))))
        {
            _ = text.Append("| `").Append(group.Key.Names.Replace("|", "`, `", StringComparison.Ordinal)).Append("` | ").Append(group.Count()).Append(" | ")
                .Append(group.Key.Reason).Append(" |\n");
        }
        return text.ToString();
    }
}
