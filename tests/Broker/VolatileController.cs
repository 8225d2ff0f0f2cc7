using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Node;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>A controller whose log is its memory: what is decided is committed at once. For tests of what lies above a quorum.</summary>
internal sealed class VolatileController : IController
{
    private readonly Lock _lock = new();
    private readonly ControllerState _state;
    private readonly MetadataLoader _committed = new();
    private readonly TimeProvider _time;
    private long _lastTicket;

    public VolatileController(ServerConfig config, string clusterId, TimeProvider time, Random random)
    {
        _time = time;
        var settings = new ControllerSettings
        {
            NodeId = config.NodeId,
            ClusterId = clusterId,
            IncarnationId = new Uuid(1, 1000),
            Endpoints = [new Endpoint("CONTROLLER", "localhost", 19093, 0)],
            BootstrapRecords = DirectoryFormat.NewClusterFeatures,
            TopicConfigs = new AnyTopicConfig(),
            ResourceConfigs = new ResourceConfigRules(config),
        };
        _state = new ControllerState(settings, new MetadataLoader(), 0, random, _time.Now());
    }

    public IReadOnlyList<IMetadataListener> Listeners { get; set; } = [];

    public MetadataImage Image => _committed.Image;

    /// <summary>Writes what an empty log begins with, and registers the node's broker.</summary>
    public long Start(ServerConfig config)
    {
        while (true)
        {
            var records = _state.DecideOnActivation(_state.NextOffset == 0);
            if (records.Count == 0) break;
            Commit(records);
        }
        var registration = new BrokerRegistrationRequest
        {
            BrokerId = config.NodeId,
            ClusterId = TestNode.ClusterId,
            IncarnationId = new Uuid(2, 2000),
            LogDirs = [new Uuid(3, 3000)],
            Rack = null,
            Listeners = [.. config.Listeners.AdvertisedOfBroker.Select(e =>
                new BrokerRegistrationRequest.Listener { Name = e.Name, Host = e.Host, Port = (ushort)e.Port })],
            Features = [.. SupportedFeatures.All.Select(f =>
                new BrokerRegistrationRequest.Feature { Name = f.Name, MinSupportedVersion = f.Min, MaxSupportedVersion = f.Max })],
        };
        var registered = Decided(registration);
        Assert.Equal(ErrorCode.None, registered.ErrorCode);
        var heartbeat = new BrokerHeartbeatRequest
        {
            BrokerId = config.NodeId,
            BrokerEpoch = registered.BrokerEpoch,
            CurrentMetadataOffset = _state.NextOffset,
            WantFence = false
        };
        Assert.Equal(ErrorCode.None, Decided(heartbeat).ErrorCode);
        return registered.BrokerEpoch;
    }

    public Task<IResponse> Ask(ControllerRequest request)
    {
        lock (_lock)
        {
            var now = _time.Now();
            var decision = _state.Decide(request with { ArrivalMs = now.TickMs }, new Ticket(++_lastTicket), now);
            if (decision.Records.Count > 0) Commit(decision.Records);
            _state.Install(decision, now);
            return Task.FromResult(decision.Reply);
        }
    }

    /// <summary>Sets or, with null, takes back a setting, as the record of an alteration says it.</summary>
    public void Configure(ConfigResource resource, string name, string? value) =>
        Write(new VersionedRecord(new ConfigRecord { ResourceType = (sbyte)resource.Type, ResourceName = resource.Name, Name = name, Value = value }, 0));

    /// <summary>Commits records that nobody decided on, such as a change of leaders in a cluster that a test imagines.</summary>
    public void Write(params VersionedRecord[] records)
    {
        lock (_lock) Commit(records);
    }

    private TResponse Decided<TResponse>(IRequestFor<TResponse> request)
        where TResponse : class, IResponse => (TResponse)Ask(new ControllerRequest(request, ApiCatalog.Get(request.Key).Versions.Max)).Result;

    private void Commit(IReadOnlyList<VersionedRecord> records)
    {
        _state.Apply(records, 1, _time.WallMs());
        foreach (var record in records) _committed.Apply(record.Message);
        if (_committed.Publish(new MetadataProvenance(_state.NextOffset - 1, 1, _time.WallMs())) is not { } step) return;
        foreach (var listener in Listeners) Assert.True(listener.OnMetadata(step).AsTask().IsCompletedSuccessfully);
    }

    private sealed class AnyTopicConfig : ITopicConfigRules
    {
        public string? Check(IReadOnlyDictionary<string, string> configs) =>
            configs.Select(config => TopicConfig.Check(config.Key, config.Value)).FirstOrDefault(static problem => problem is not null);

        public IReadOnlyList<TopicConfigValue> Describe(IReadOnlyDictionary<string, string> configs, IReadOnlyDictionary<string, string> clusterDefaults) => [];
    }
}
