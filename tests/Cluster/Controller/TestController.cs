using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>A controller whose log is a list: what it decides is applied at once.</summary>
internal sealed class TestController
{
    private TestController(MetadataLoader log, long nextOffset, ControllerSettings? settings = null)
    {
        Log = log;
        State = new ControllerState(settings ?? Settings, log, nextOffset, new Random(7), Now);
    }

    public static Uuid Directory => new(0x1234, 0x5678);

    public static ControllerSettings Settings { get; } = new()
    {
        NodeId = 1,
        ClusterId = "cluster",
        IncarnationId = new Uuid(1, 2),
        Endpoints = [new Endpoint("CONTROLLER", "localhost", 9093, 0)],
        BootstrapRecords =
        [
            Feature("metadata.version", 33), Feature("eligible.leader.replicas.version", 1), Feature("group.version", 1), Feature("share.version", 2),
            Feature("streams.version", 1), Feature("transaction.version", 2),
        ],
        TopicConfigs = new AnyTopicConfig(),
        ResourceConfigs = new AnyResourceConfig(),
    };

    public MetadataLoader Log { get; }

    public ControllerState State { get; }

    /// <summary>The wall clock; the other one has its own zero.</summary>
    public long NowMs { get; set; } = 1_000_000;

    public Now Now => new(NowMs, NowMs - 999_000);

    /// <summary>Time passes, and the controller looks whenever it is due. What it writes, as text.</summary>
    public List<string> Pass(long ms)
    {
        var written = new List<string>();
        var until = Now.TickMs + ms;
        while (State.NextDeadlineMs is { } due && due <= until)
        {
            NowMs += Math.Max(0, due - Now.TickMs);
            written.AddRange(Apply(State.OnDeadline(Now)));
        }

        NowMs += until - Now.TickMs;
        return written;
    }

    public static TestController Over(MetadataLoader log, long nextOffset) => new(log, nextOffset);

    /// <summary>A new cluster of one node, ready for topics.</summary>
    public static TestController New(ControllerSettings? settings = null)
    {
        var node = new TestController(new MetadataLoader(), 3, settings);
        node.Activate();
        node.Register([Directory], -1);
        node.Heartbeat();
        return node;
    }

    public List<string> Activate()
    {
        var written = new List<string>();
        var isLogEmpty = State.Image.Brokers.IsEmpty;
        while (State.DecideOnActivation(isLogEmpty) is { Count: > 0 } records)
        {
            isLogEmpty = false;
            written.AddRange(Apply(records));
        }

        return written;
    }

    public BrokerRegistrationRequest Registration(IEnumerable<Uuid> directories, long previousEpoch, int broker = 1) => new()
    {
        BrokerId = broker,
        ClusterId = "cluster",
        IncarnationId = new Uuid(NowMs, State.NextOffset),
        Listeners = [new BrokerRegistrationRequest.Listener { Name = "PLAINTEXT", Host = "localhost", Port = 9092 }],
        Features = [
            .. SupportedFeatures.All.Select(f =>
            new BrokerRegistrationRequest.Feature { Name = f.Name, MinSupportedVersion = f.Min, MaxSupportedVersion = f.Max })],
        LogDirs = [.. directories],
        PreviousBrokerEpoch = previousEpoch,
    };

    /// <summary>A second, third… broker that lives.</summary>
    public void Join(int broker)
    {
        Apply(State.Decide(Registration([new Uuid(0x1234, broker)], -1, broker), Now));
        Heartbeat(broker: broker);
    }

    public List<string> Register(IEnumerable<Uuid> directories, long previousEpoch)
    {
        var offset = State.NextOffset;
        var decision = State.Decide(Registration(directories, previousEpoch), Now);
        Xunit.Assert.Equal((ErrorCode.None, offset), (decision.Reply.ErrorCode, decision.Reply.BrokerEpoch));
        return Apply(decision);
    }

    public BrokerHeartbeatResponse Heartbeat(bool wantShutDown = false, int broker = 1)
    {
        var decision = State.Decide(
            new BrokerHeartbeatRequest
            {
                BrokerId = broker,
                BrokerEpoch = State.Image.Brokers[broker].Epoch,
                CurrentMetadataOffset = State.NextOffset - 1,
                WantShutDown = wantShutDown,
                CordonedLogDirs = [],
            },
            Now);
        Apply(decision);
        return decision.Reply;
    }

    public CreateTopicsResponse.CreatableTopicResult CreateTopic(string name, int partitions) =>
        CreateTopics(
            new CreateTopicsRequest
            {
                Topics = [new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }],
            }).Topics[0];

    public CreateTopicsResponse CreateTopics(CreateTopicsRequest request)
    {
        var decision = State.Decide(request);
        Apply(decision);
        return decision.Reply;
    }

    /// <summary>Takes a decision over; its records as text.</summary>
    public List<string> Apply(Decision decision)
    {
        var written = Apply(decision.Records);
        State.Install(decision, Now);
        return written;
    }

    /// <summary>Applies records and gives them as text without the fields that only say where they belong.</summary>
    public List<string> Apply(IReadOnlyList<VersionedRecord> records)
    {
        State.Apply(records, Math.Max(1, State.Image.Provenance.Epoch), NowMs);
        return [.. records.Select(Text)];
    }

    private static string Text(VersionedRecord record)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            record.Message.WriteJson(json, record.Version);
        }

        var node = JsonNode.Parse(Encoding.UTF8.GetString(stream.ToArray()))!.AsObject();
        foreach (var field in (string[])["partitionId", "topicId", "brokerId", "brokerEpoch"])
        {
            node.Remove(field);
        }

        return $"{record.Message.GetType().Name} "
            + $"{node.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })}";
    }

    private static VersionedRecord Feature(string name, short level) => new(new FeatureLevelRecord { Name = name, FeatureLevel = level }, 0);

    /// <summary>Rules that know one config by name and refuse what begins with "bad".</summary>
    private sealed class AnyTopicConfig : ITopicConfigRules
    {
        public string? Check(IReadOnlyDictionary<string, string> configs) =>
            configs.Keys.FirstOrDefault(k => k.StartsWith("bad", StringComparison.Ordinal)) is { } bad ? $"Unknown topic config name: {bad}" : null;

        public IReadOnlyList<TopicConfigValue> Describe(IReadOnlyDictionary<string, string> configs, IReadOnlyDictionary<string, string> clusterDefaults) =>
            [.. configs.Select(c => new TopicConfigValue(c.Key, c.Value, 1, false))];
    }

    /// <summary>Two settings are lists; a value of "bad" is.</summary>
    private sealed class AnyResourceConfig : IResourceConfigRules
    {
        public IReadOnlyList<string>? ListDefault(ConfigResourceType type, string name) => name switch
        {
            "cleanup.policy" => ["delete"],
            "throttled.replicas" => [],
            _ => null,
        };

        public ConfigProblem? Check(ConfigResource resource, IReadOnlyDictionary<string, string> configs, MetadataImage image) =>
            configs.FirstOrDefault(config => config.Value == "bad").Key is { } name ? new(ErrorCode.InvalidConfig, $"{name} is bad") : null;
    }
}
