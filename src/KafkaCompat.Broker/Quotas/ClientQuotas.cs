using System.Collections.Immutable;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Quotas;

/// <summary>
/// The quotas of clients as the metadata has them, and how long a client is throttled that uses more. As in Kafka an answer leaves at once and says for how
/// long, and nothing is read from the connection meanwhile; the largest of the throttles that a request earned counts. Without quotas a request costs one look
/// at <see cref="IsActive"/>.
/// </summary>
/// <remarks>
/// The quota of changes (controller mutations) is the controller's business, which says in its answer for how long the client is throttled.
/// Bytes of Produce requests count when they are answered, bytes of Fetch responses before: a throttled fetch is answered without records, and its bytes are
/// taken back. The time of a request is that of its handler until it returns, as a percentage of one thread; a Produce request that wants no answer is exempt.
/// </remarks>
public sealed class ClientQuotas : IMetadataListener
{
    private const double PercentPerNanosecond = 100d / 1_000_000_000;

    /// <summary>What Kafka counts for a response besides its body: the length of its frame.</summary>
    private const int FrameLengthBytes = sizeof(int);

    private readonly TimeProvider _time;
    private readonly long _startTimestamp;
    private readonly int _maxFetchBytes;
    private readonly RateQuota _produce;
    private readonly RateQuota _fetch;
    private readonly RateQuota _request;
    private volatile bool _isActive;

    public ClientQuotas(ServerConfig config, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _startTimestamp = time.GetTimestamp();
        _maxFetchBytes = config.GetInt(ConfigKeys.FetchMaxBytes);
        var windows = config.GetInt(ConfigKeys.QuotaWindowNum);
        var windowMs = config.GetInt(ConfigKeys.QuotaWindowSizeSeconds) * 1000L;
        (_produce, _fetch) = (new RateQuota(windows, windowMs, int.MaxValue), new RateQuota(windows, windowMs, int.MaxValue));

        // As in Kafka nobody is throttled for its requests' time by more than one window at once.
        _request = new RateQuota(windows, windowMs, windowMs);
    }

    /// <summary>Raised in the order of the metadata when other quotas of addresses hold than before.</summary>
    public event Action<AddressQuotas>? AddressesChanged;

    /// <summary>Whether any client has a quota.</summary>
    public bool IsActive => _isActive;

    /// <summary>The quotas of addresses, which are kept where connections are accepted.</summary>
    public AddressQuotas Addresses { get; private set; } = AddressQuotas.None;

    public ValueTask OnMetadata(MetadataStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (!step.Delta.AreQuotasChanged) return ValueTask.CompletedTask;
        var quotas = step.Image.ClientQuotas;
        _produce.Apply(QuotaLimits.Of(QuotaKeys.ProducerByteRate, quotas));
        _fetch.Apply(QuotaLimits.Of(QuotaKeys.ConsumerByteRate, quotas));
        _request.Apply(QuotaLimits.Of(QuotaKeys.RequestPercentage, quotas));
        _isActive = _produce.IsActive || _fetch.IsActive || _request.IsActive
            || !QuotaLimits.Of(QuotaKeys.ControllerMutationRate, quotas).IsEmpty;
        Addresses = AddressesOf(quotas);
        AddressesChanged?.Invoke(Addresses);
        return ValueTask.CompletedTask;
    }

    /// <summary>Defines the metrics of quotas.</summary>
    internal void Define(MetricSet metrics, Func<int> trackedByController)
    {
        metrics.Gauge("kafka.quota.entities", "{entity}", ["quota"],
            "Users, client ids and pairs of both that are measured because a quota binds them; at most 10,000 a kind.",
            "kafka.server:type=Produce,user=*,client-id=* (throttle-time) and kafka.server:type=Fetch,user=*,client-id=* (throttle-time) and "
            + "kafka.server:type=Request,user=*,client-id=* (throttle-time)",
            () =>
            [
                MetricSet.Series(_produce.Tracked, "quota", "produce"),
                MetricSet.Series(_fetch.Tracked, "quota", "fetch"),
                MetricSet.Series(_request.Tracked, "quota", "request"),
                MetricSet.Series(trackedByController(), "quota", "controller-mutation"),
            ]);
    }

    /// <summary>Begins to measure a request, when its frame has been cut and its handler is about to start.</summary>
    internal QuotaMeter Measure(int requestBytes) => new(_time.GetTimestamp(), requestBytes);

    /// <summary>The handler has returned; what follows is waiting.</summary>
    internal void Returned(QuotaMeter meter) => meter.ReturnTimestamp = _time.GetTimestamp();

    /// <summary>Counts a request that is about to be answered, puts the throttle into its answer, and returns for how long nothing may be read.</summary>
    internal int Throttle(RequestContext context, QuotaMeter meter, IResponse? response)
    {
        var throttleMs = meter.ThrottleMs;
        if (context.Key == ApiKey.Produce) throttleMs = Math.Max(throttleMs, _produce.Record(context.User, ClientIdOf(context), meter.RequestBytes, NowMs()));
        if (response is not IThrottledResponse throttled) return throttleMs;
        if (!meter.IsTimeCounted) throttleMs = Math.Max(throttleMs, CountTime(context, meter, NowMs()));
        throttled.ThrottleTimeMs = throttleMs;
        return throttleMs;
    }

    /// <summary>
    /// The most bytes that a fetch may return: <c>fetch.max.bytes</c>, and no more than its quota allows at once, which would throttle the client for ever.
    /// </summary>
    internal int MaxFetchBytes(RequestContext context) =>
        context.Meter is null ? _maxFetchBytes : (int)Math.Min(_maxFetchBytes, _fetch.MaxAtOnce(context.User, ClientIdOf(context)));

    /// <summary>Whether a fetch may be throttled, so that its size has to be known first.</summary>
    internal bool ThrottlesFetches => _fetch.IsActive || _request.IsActive;

    /// <summary>Counts a fetch before its answer is given away. True where the client is throttled and gets an empty one.</summary>
    internal bool ThrottleFetch(RequestContext context, QuotaMeter meter, int responseBytes)
    {
        var nowMs = NowMs();
        var bytes = responseBytes + FrameLengthBytes;
        var (user, clientId) = (context.User, ClientIdOf(context));
        meter.IsTimeCounted = true;
        meter.ThrottleMs = Math.Max(CountTime(context, meter, nowMs), _fetch.Record(user, clientId, bytes, nowMs));
        if (meter.ThrottleMs == 0) return false;
        _fetch.TakeBack(user, clientId, bytes, nowMs);
        return true;
    }

    private static AddressQuotas AddressesOf(ImmutableDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>> quotas)
    {
        double? ofAll = null;
        var byHost = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (entity, values) in quotas)
        {
            if (entity.Parts is not [{ Key: QuotaEntityTypes.Ip } ip] || !values.TryGetValue(QuotaKeys.ConnectionCreationRate, out var rate)) continue;
            if (ip.Value is null) ofAll = rate;
            else byHost[ip.Value] = rate;
        }
        return ofAll is null && byHost.Count == 0 ? AddressQuotas.None : new AddressQuotas(ofAll, byHost);
    }

    private int CountTime(RequestContext context, QuotaMeter meter, long nowMs)
    {
        if (!_request.IsActive) return 0;
        var end = meter.ReturnTimestamp != 0 ? meter.ReturnTimestamp : _time.GetTimestamp();
        var used = _time.GetElapsedTime(meter.StartTimestamp, end).TotalNanoseconds * PercentPerNanosecond;
        return _request.Record(context.User, ClientIdOf(context), used, nowMs);
    }

    private static string ClientIdOf(RequestContext context) => context.ClientId ?? "";

    private long NowMs() => (long)_time.GetElapsedTime(_startTimestamp).TotalMilliseconds;
}
