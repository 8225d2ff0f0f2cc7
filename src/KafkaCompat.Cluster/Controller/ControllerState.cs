using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// The active controller: a pure machine over the metadata. <see cref="Decide"/> and <see cref="OnDeadline"/> return a decision and change nothing.
/// <see cref="Apply"/> is the only way in for records, the controller's own as much as those it finds when it takes over; <see cref="Install"/> is the only one
/// for what no record says. So the same commands with the same tickets and times, over the same log and chance, give the same decisions.
///
/// It decides on records that are appended but not yet committed, which is safe because no reply leaves before what it rests on is committed: a leader that
/// loses its leadership drops its whole state and is made again from the log.
/// </summary>
public sealed class ControllerState
{
    private readonly ControllerSettings _settings;
    private readonly byte[] _seed = new byte[TicketRandom.SeedLength];
    private readonly MutationQuotas _quotas;
    private readonly MetadataLoader _loader;
    private BrokerSessions _sessions;
    private long _nextNoOpMs;
    private long _lastLookMs;

    /// <summary>
    /// Claims leadership with all that the log holds, at <paramref name="now"/>. What is chosen at random follows from one draw of
    /// <paramref name="random"/> here.
    /// </summary>
    public ControllerState(ControllerSettings settings, MetadataLoader log, long nextOffset, Random random, Now now)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(random);
        _settings = settings;
        random.NextBytes(_seed);
        _loader = log;
        NextOffset = nextOffset;
        _sessions = new BrokerSessions(settings.SessionTimeoutMs);
        _quotas = new MutationQuotas(settings.QuotaWindows, settings.QuotaWindowMs);
        _nextNoOpMs = now.After(settings.MaxIdleIntervalMs);
        _lastLookMs = now.TickMs;
        foreach (var broker in Image.Brokers.Values)
        {
            if (!broker.IsFenced)
            {
                _sessions = _sessions.With(broker.Id, now.TickMs);
            }
        }

        _quotas.Follow(Image);
    }

    /// <summary>The metadata with all that has been appended.</summary>
    public MetadataImage Image => _loader.Image;

    /// <summary>Users and client ids whose changes are counted because a quota binds them.</summary>
    public int TrackedQuotas => _quotas.Tracked;

    /// <summary>Where the next record will stand.</summary>
    public long NextOffset { get; private set; }

    /// <summary>The tick at which <see cref="OnDeadline"/> has something to do; null where nothing is due ever.</summary>
    public long? NextDeadlineMs
    {
        get
        {
            var expiry = _sessions.FirstExpiryMs(Image.Brokers.Values.Where(b => !b.IsFenced).Select(b => b.Id));
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

        var isRegistered = Image.Controllers.TryGetValue(_settings.NodeId, out var controller) && controller.IncarnationId == _settings.IncarnationId;
        if (isRegistered || !Image.MetadataVersion.IsControllerRegistrationSupported)
        {
            return [];
        }

        var registration = new ControllerRegistration(_settings.NodeId, _settings.IncarnationId, false, _settings.Endpoints, _settings.Features);
        return [new(registration.ToRecord(), 0)];
    }

    /// <summary>
    /// What a request leads to. One whose time was over before its turn is refused whole: REQUEST_TIMED_OUT, and nothing of it is done. One that the controller
    /// has begun is answered when it is done, however long that takes.
    /// </summary>
    public Decision<IResponse> Decide(ControllerRequest request, Ticket ticket, Now now)
    {
        ArgumentNullException.ThrowIfNull(request);
        var api = ControllerApis.Find(request.Body.Key) ?? throw new InvalidOperationException($"The controller does not decide {request.Body.Key}.");
        if (api.TimeoutMs(request.Body) is { } timeoutMs && now.TickMs >= request.ArrivalMs + timeoutMs)
        {
            return Decision.Of(request.Body.Refusal(request.Version, ErrorCode.RequestTimedOut, null));
        }

        var turn = new ControllerTurn(request)
        {
            Settings = _settings,
            Image = Image,
            NextOffset = NextOffset,
            Now = now,
            Random = new TicketRandom(_seed, ticket),
            Sessions = _sessions,
            Quotas = _quotas,
        };
        var decision = api.Decide(request.Body, turn);
        if (turn.Quota is not { } quota)
        {
            return decision;
        }

        if (decision.Reply is IThrottledResponse throttled)
        {
            throttled.ThrottleTimeMs = quota.ThrottleMs;
        }

        return quota.Taken > 0 ? decision with { Drafts = [.. decision.Drafts, new ChargeDraft(quota)] } : decision;
    }

    /// <summary>
    /// A broker was heard of, at a tick that may be past: whoever takes its heartbeats notes when they come, not when their turn does. One of another
    /// incarnation does not count.
    /// </summary>
    public void Heard(int brokerId, long brokerEpoch, long tickMs)
    {
        if (Image.Brokers.TryGetValue(brokerId, out var broker) && broker.Epoch == brokerEpoch)
        {
            _sessions = _sessions.With(brokerId, tickMs);
        }
    }

    /// <summary>What is due by now. Call it again, once the decision is applied and installed, until it has no records.</summary>
    public Decision OnDeadline(Now now)
    {
        var sessions = SessionsAtLook(now.TickMs);
        var due = new BrokerDecisions(_settings, Image, sessions).FenceExpired(now);
        var nextNoOpMs = _nextNoOpMs;
        if (due.Count == 0 && _settings.MaxIdleIntervalMs != 0 && now.TickMs >= _nextNoOpMs)
        {
            nextNoOpMs = now.After(_settings.MaxIdleIntervalMs);
            due = Image.MetadataLevel == 0 ? [] : [new(new NoOpRecord(), 0)];
        }

        return new Decision(due) { IsAtomic = false, Drafts = [new LookDraft(sessions, nextNoOpMs)] };
    }

    /// <summary>Makes the unwritten part of a decision the controller's own, after its records have been applied.</summary>
    public void Install(Decision decision, Now now)
    {
        ArgumentNullException.ThrowIfNull(decision);
        foreach (var draft in decision.Drafts)
        {
            ((ControllerDraft)draft).InstallIn(this, now);
        }
    }

    /// <summary>Applies records that have been appended, from <see cref="NextOffset"/> on.</summary>
    public void Apply(IReadOnlyList<VersionedRecord> records, int epoch, long timestampMs)
    {
        Invariant.Holds(epoch >= Image.Provenance.Epoch, $"The controller of epoch {epoch} applies to an image of epoch {Image.Provenance.Epoch}");
        Invariant.Holds(NextOffset > Image.Provenance.Offset, $"Records of {NextOffset} are to be applied to an image of {Image.Provenance.Offset}");
        foreach (var record in records)
        {
            _loader.Apply(record.Message);
        }

        NextOffset += records.Count;
        _loader.Publish(new MetadataProvenance(NextOffset - 1, epoch, timestampMs));
        _quotas.Follow(Image);
    }

    internal void Contact(int brokerId, bool isMember, Now now) => _sessions = isMember ? _sessions.With(brokerId, now.TickMs) : _sessions.Without(brokerId);

    internal void Charge(MutationQuota quota, Now now) => _quotas.Take(quota, now.TickMs);

    internal void Looked(BrokerSessions sessions, long nextNoOpMs, Now now) => (_sessions, _nextNoOpMs, _lastLookMs) = (sessions, nextNoOpMs, now.TickMs);

    internal static VersionedRecord ClusterMinInSyncReplicas(ControllerSettings settings) => new(new ConfigRecord
    {
        ResourceType = (sbyte)ConfigResourceType.Broker,
        ResourceName = "",
        Name = ConfigKeys.MinInsyncReplicas,
        Value = settings.MinInSyncReplicas.ToString(System.Globalization.CultureInfo.InvariantCulture),
    }, 0);

    /// <summary>
    /// A process that was stopped for a while, or a turn that took that long, heard of nobody: a controller that looks much later than it meant to does not
    /// take its own sleep for the silence of others.
    /// </summary>
    private BrokerSessions SessionsAtLook(long tickMs) =>
        tickMs > _lastLookMs && NextDeadlineMs is { } due && tickMs - due > _settings.SessionTimeoutMs / 4 ? _sessions.Later(tickMs - due, tickMs) : _sessions;

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
