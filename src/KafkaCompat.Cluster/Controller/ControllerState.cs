using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// The active controller: a pure machine over the metadata. <c>Decide</c> returns records and a reply and changes nothing that the log holds;
/// <see cref="Apply"/> is the only way in for records, the controller's own as much as those it finds when it takes over. It decides on records that are
/// appended but not yet committed, which is safe because no reply leaves before what it rests on is committed: a leader that loses its office drops its
/// state whole and is made anew from the log.
/// </summary>
public sealed class ControllerState
{
    private readonly ControllerSettings _settings;
    private readonly Random _random;
    private readonly BrokerSessions _sessions;
    private readonly MetadataLoader _loader;
    private long _nextNoOpMs;
    private long _lastLookMs;

    /// <summary>Takes office with all that the log holds, at <paramref name="now"/>.</summary>
    public ControllerState(ControllerSettings settings, MetadataLoader log, long nextOffset, Random random, Now now)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(log);
        _settings = settings;
        _random = random;
        _loader = log;
        NextOffset = nextOffset;
        _sessions = new BrokerSessions(settings.SessionTimeoutMs);
        _nextNoOpMs = now.After(settings.MaxIdleIntervalMs);
        _lastLookMs = now.TickMs;
        foreach (var broker in Image.Brokers.Values)
        {
            if (!broker.IsFenced)
            {
                _sessions.Touch(broker.Id, now.TickMs);
            }
        }
    }

    /// <summary>The metadata with all that has been appended.</summary>
    public MetadataImage Image => _loader.Image;

    /// <summary>Where the next record will stand.</summary>
    public long NextOffset { get; private set; }

    /// <summary>The tick at which <see cref="OnDeadline"/> has something to do; null where nothing is due ever.</summary>
    public long? NextDeadlineMs
    {
        get
        {
            long? expiry = _sessions.FirstExpiryMs(Image.Brokers.Values.Where(b => !b.IsFenced).Select(b => b.Id));
            return _settings.MaxIdleIntervalMs == 0 ? expiry : Math.Min(expiry ?? long.MaxValue, _nextNoOpMs);
        }
    }

    /// <summary>
    /// What a new leader writes first: the end of a transaction that its predecessor left open, the formatted features into an empty log, its own
    /// registration. Several batches: each is decided after the one before has been applied, until there is none.
    /// </summary>
    public IReadOnlyList<VersionedRecord> DecideOnActivation(bool isLogEmpty)
    {
        if (_loader.IsInTransaction)
        {
            return [new(new AbortTransactionRecord { Reason = "Aborting incomplete metadata transaction on controller failover." }, 0)];
        }

        if (isLogEmpty)
        {
            return Bootstrap();
        }

        bool isRegistered = Image.Controllers.TryGetValue(_settings.NodeId, out var controller) && controller.IncarnationId == _settings.IncarnationId;
        if (isRegistered || !Image.MetadataVersion.IsControllerRegistrationSupported)
        {
            return [];
        }

        var registration = new ControllerRegistration(_settings.NodeId, _settings.IncarnationId, false, _settings.Endpoints, _settings.Features);
        return [new(registration.ToRecord(), 0)];
    }

    public Decision<CreateTopicsResponse> Decide(CreateTopicsRequest request, IMutationQuota? quota = null) => Topics(quota).Create(request);

    public Decision<DeleteTopicsResponse> Decide(DeleteTopicsRequest request, short version, IMutationQuota? quota = null) => Topics(quota).Delete(request, version);

    public Decision<CreatePartitionsResponse> Decide(CreatePartitionsRequest request, IMutationQuota? quota = null) =>
        new PartitionDecisions(Image, _random, quota ?? IMutationQuota.None).Create(request);

    public Decision<ElectLeadersResponse> Decide(ElectLeadersRequest request) => new ElectionDecisions(_settings, Image).Elect(request);

    public Decision<AlterPartitionReassignmentsResponse> Decide(AlterPartitionReassignmentsRequest request) => new ReassignmentDecisions(_settings, Image).Alter(request);

    /// <summary>Changes single settings of a resource. The reply is what is wrong, or null.</summary>
    public Decision<ConfigProblem?> AlterConfigs(ConfigResource resource, IReadOnlyList<ConfigChange> changes, bool validateOnly) =>
        new ConfigDecisions(_settings, Image).Alter(resource, changes, validateOnly);

    /// <summary>Sets all settings of a resource at once. The reply is what is wrong, or null.</summary>
    public Decision<ConfigProblem?> ReplaceConfigs(ConfigResource resource, IReadOnlyDictionary<string, string> configs, bool validateOnly) =>
        new ConfigDecisions(_settings, Image).Replace(resource, configs, validateOnly);

    /// <summary>Changes quotas. <paramref name="unknownHosts"/> are those of the request's addresses that are none and that nobody can find.</summary>
    public Decision<AlterClientQuotasResponse> Decide(AlterClientQuotasRequest request, IReadOnlySet<string> unknownHosts) =>
        new QuotaDecisions(Image, unknownHosts).Alter(request);

    public Decision<AlterUserScramCredentialsResponse> Decide(AlterUserScramCredentialsRequest request) => new ScramDecisions(Image).Alter(request);

    public Decision<UpdateFeaturesResponse> Decide(UpdateFeaturesRequest request, short version) => new FeatureDecisions(_settings, Image).Update(request, version);

    public Decision<UnregisterBrokerResponse> Decide(UnregisterBrokerRequest request) => Brokers.Unregister(request);

    public Decision<BrokerRegistrationResponse> Decide(BrokerRegistrationRequest request, Now now) => Brokers.Register(request, NextOffset, now);

    public Decision<BrokerHeartbeatResponse> Decide(BrokerHeartbeatRequest request, Now now) => Brokers.Heartbeat(request, now);

    public Decision<AssignReplicasToDirsResponse> Decide(AssignReplicasToDirsRequest request) => new DirectoryDecisions(_settings, Image).Assign(request);

    public Decision<AllocateProducerIdsResponse> Decide(AllocateProducerIdsRequest request) => Brokers.AllocateProducerIds(request);

    /// <summary>
    /// Fences a broker without waiting for its session to end. Only for one whose process cannot be alive: that of this very node, which holds the lock
    /// of the directory that the registration names.
    /// </summary>
    public Decision<ErrorCode> FenceDeadBroker(int brokerId) => Brokers.FenceDead(brokerId);

    /// <summary>
    /// A broker was heard of, at a tick that may be past: whoever takes its heartbeats notes when they come, not when their turn does. One of another
    /// incarnation does not count.
    /// </summary>
    public void Heard(int brokerId, long brokerEpoch, long tickMs)
    {
        if (Image.Brokers.TryGetValue(brokerId, out var broker) && broker.Epoch == brokerEpoch)
        {
            _sessions.Touch(brokerId, tickMs);
        }
    }

    /// <summary>What is due by now.</summary>
    public IReadOnlyList<VersionedRecord> OnDeadline(Now now)
    {
        ForgiveLateLook(now.TickMs);
        var fenced = Brokers.FenceExpired(now);
        if (fenced.Count > 0 || _settings.MaxIdleIntervalMs == 0 || now.TickMs < _nextNoOpMs)
        {
            return fenced;
        }

        _nextNoOpMs = now.After(_settings.MaxIdleIntervalMs);
        return Image.MetadataLevel == 0 ? [] : [new(new NoOpRecord(), 0)];
    }

    /// <summary>
    /// A process that was stopped for a while, or a turn that took that long, heard of nobody: a controller that looks much later than it meant to does not take its own
    /// sleep for the silence of others.
    /// </summary>
    private void ForgiveLateLook(long tickMs)
    {
        if (tickMs > _lastLookMs && NextDeadlineMs is { } due && tickMs - due > _settings.SessionTimeoutMs / 4)
        {
            _sessions.Forgive(tickMs - due, tickMs);
        }

        _lastLookMs = tickMs;
    }

    /// <summary>Applies records that have been appended, from <see cref="NextOffset"/> on.</summary>
    public void Apply(IReadOnlyList<VersionedRecord> records, int epoch, long timestampMs)
    {
        foreach (var record in records)
        {
            _loader.Apply(record.Message);
        }

        NextOffset += records.Count;
        _loader.Publish(new MetadataProvenance(NextOffset - 1, epoch, timestampMs));
    }

    internal static VersionedRecord ClusterMinInSyncReplicas(ControllerSettings settings) => new(new ConfigRecord
    {
        ResourceType = (sbyte)ConfigResourceType.Broker,
        ResourceName = "",
        Name = "min.insync.replicas",
        Value = settings.MinInSyncReplicas.ToString(System.Globalization.CultureInfo.InvariantCulture),
    }, 0);

    private TopicDecisions Topics(IMutationQuota? quota) => new(_settings, Image, _random, quota ?? IMutationQuota.None);

    private BrokerDecisions Brokers => new(_settings, Image, _sessions);

    private List<VersionedRecord> Bootstrap()
    {
        var records = _settings.BootstrapRecords.ToList();
        var levels = records.Select(r => r.Message).OfType<FeatureLevelRecord>().ToDictionary(f => f.Name, f => f.FeatureLevel, StringComparer.Ordinal);
        if (levels.GetValueOrDefault(FeatureNames.EligibleLeaderReplicasVersion) >= 1)
        {
            // With eligible leader replicas the minimum of the ISR is the cluster's business and no longer each broker's own.
            records.Add(ClusterMinInSyncReplicas(_settings));
        }

        if (FeatureCatalog.MetadataVersion(levels.GetValueOrDefault(FeatureNames.MetadataVersion)).IsMetadataTransactionSupported)
        {
            records.Insert(0, new(new BeginTransactionRecord { Name = "Bootstrap records" }, 0));
            records.Add(new(new EndTransactionRecord(), 0));
        }

        return records;
    }
}
