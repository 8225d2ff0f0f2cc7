using System.Net;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// The limits of connections to a set of listeners, by Kafka's rules:
/// - A listener accepts no more while <c>max.connections</c> of the broker or of the listener are open, or while connections come faster than
///   <c>max.connection.creation.rate</c>. The next connection waits, and the ones behind it wait in the system's queue.
/// - An address with <c>max.connections.per.ip</c> (or its override) open is refused at once.
/// - An address that connects faster than its quota (<c>connection_creation_rate</c>) is refused after a delay.
/// </summary>
/// <remarks>
/// With several listeners, only its own limits apply to the inter-broker listener, because clients must not be able to block replication. More connections
/// than <c>max.connections</c> can be open then. <see cref="Surplus"/> is how many connections of the other listeners must close, the longest idle first.
/// </remarks>
public sealed class ConnectionQuota
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ListenerState> _listeners = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, int> _ofAddress = [];
    private readonly Func<string, IPAddress?> _resolve;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConnectionRate _rate;
    private readonly TrackedEntities<IPAddress, ConnectionRate> _ratesOfAddresses;
    private readonly string? _protected;
    private Dictionary<IPAddress, int> _overrides = [];
    private Dictionary<IPAddress, double> _addressLimits = [];
    private double? _addressLimit;
    private TaskCompletionSource? _changed;
    private int _most;
    private int _mostPerAddress;
    private int _total;
    private bool _isClosed;

    /// <param name="listeners">The names of the listeners that share the limits.</param>
    /// <param name="config">The limits; <see cref="Apply(ServerConfig)"/> changes them.</param>
    /// <param name="resolve">The address of a host that an override names; null where it has none.</param>
    /// <param name="time">The clock of the rates.</param>
    public ConnectionQuota(IReadOnlyCollection<string> listeners, ServerConfig config, Func<string, IPAddress?> resolve, TimeProvider time)
    {
        _resolve = resolve;
        _time = time;
        var (windows, windowMs) = (config.GetInt(ConfigKeys.QuotaWindowNum), config.GetInt(ConfigKeys.QuotaWindowSizeSeconds) * 1000L);
        _rate = new ConnectionRate(windows, windowMs);
        _ratesOfAddresses = new(() => new ConnectionRate(windows, windowMs));
        foreach (var listener in listeners) _listeners[listener] = new ListenerState(new ConnectionRate(windows, windowMs));
        _protected = listeners.Count > 1 && listeners.Contains(config.Listeners.InterBrokerName) ? config.Listeners.InterBrokerName : null;
        Apply(config);
    }

    /// <summary>Connections that are open and counted.</summary>
    public int Count
    {
        get { lock (_lock) return _total; }
    }

    /// <summary>Connections past <c>max.connections</c>, which have to be closed.</summary>
    public int Surplus
    {
        get { lock (_lock) return Math.Max(0, _total - _most); }
    }

    /// <summary>Whether connections of a listener may be closed for the sake of others.</summary>
    public bool MayClose(string listener) => _listeners.ContainsKey(listener) && listener != _protected;

    /// <summary>Takes new limits; who waits looks again.</summary>
    public void Apply(ServerConfig config)
    {
        var overrides = new Dictionary<IPAddress, int>();
        foreach (var (host, most) in ConnectionOverrides.Parse(config.GetString(ConfigKeys.MaxConnectionsPerIpOverrides)!))
        {
            if (_resolve(host) is { } address) overrides[Plain(address)] = most;
        }
        lock (_lock)
        {
            _overrides = overrides;
            _most = config.GetInt(ConfigKeys.MaxConnections);
            _mostPerAddress = config.GetInt(ConfigKeys.MaxConnectionsPerIp);
            _rate.Limit = config.GetInt(ConfigKeys.MaxConnectionCreationRate);
            foreach (var (name, listener) in _listeners)
            {
                listener.Most = config.GetListenerInt(name, ConfigKeys.MaxConnections) ?? _most;
                listener.Rate.Limit = config.GetListenerInt(name, ConfigKeys.MaxConnectionCreationRate) ?? _rate.Limit;
            }
            Wake();
        }
    }

    /// <summary>Takes the quotas of addresses that the metadata has.</summary>
    public void Apply(AddressQuotas quotas)
    {
        var limits = new Dictionary<IPAddress, double>();
        foreach (var (host, limit) in quotas.ByHost)
        {
            if (_resolve(host) is { } address) limits[Plain(address)] = limit;
        }
        lock (_lock) (_addressLimit, _addressLimits) = (quotas.Default, limits);
    }

    /// <summary>Whether the next connection of a listener would have to wait for another's end.</summary>
    public bool IsFull(string listener)
    {
        lock (_lock) return !HasRoom(listener);
    }

    /// <summary>Waits until a connection of the listener may be served. The listener accepts its next one afterwards.</summary>
    public async ValueTask<ConnectionEntry> Enter(string listener, IPAddress address)
    {
        var throttledUntil = long.MinValue;
        var isCounted = false;
        while (true)
        {
            Task changed;
            long throttleMs;
            lock (_lock)
            {
                if (_isClosed) return new(ConnectionAdmission.Closed);
                var now = NowMs();
                if (!isCounted)
                {
                    isCounted = true;
                    throttledUntil = now + Throttle(listener, now);
                }
                throttleMs = throttledUntil - now;
                if (throttleMs <= 0 && HasRoom(listener)) return Take(listener, Plain(address), now);
                changed = (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
            if (throttleMs > 0) _ = await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(throttleMs), _time), _closed.Task);
            else await changed;
        }
    }

    /// <summary>An admitted connection has ended.</summary>
    public void Leave(string listener, IPAddress address)
    {
        address = Plain(address);
        lock (_lock)
        {
            _total--;
            _listeners[listener].Count--;
            if (--_ofAddress[address] == 0) _ = _ofAddress.Remove(address);
            Wake();
        }
    }

    /// <summary>The node stops: who waits is turned away.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _ = _closed.TrySetResult();
            Wake();
        }
    }

    /// <summary>An IPv4 address is the same one whether it comes over a socket of both families or of its own.</summary>
    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private bool HasRoom(string name)
    {
        var listener = _listeners[name];
        return listener.Count < listener.Most && (name == _protected || _total < _most);
    }

    private long Throttle(string name, long nowMs)
    {
        var ofBroker = name == _protected ? 0 : _rate.Record(nowMs);
        return Math.Max(ofBroker, _listeners[name].Rate.Record(nowMs));
    }

    private ConnectionEntry Take(string listener, IPAddress address, long nowMs)
    {
        if (ThrottleOf(address, nowMs) is > 0 and var holdMs) return new(ConnectionAdmission.AddressIsThrottled, holdMs);
        var count = _ofAddress.GetValueOrDefault(address);
        if (count >= _overrides.GetValueOrDefault(address, _mostPerAddress)) return new(ConnectionAdmission.AddressIsFull);
        _ofAddress[address] = count + 1;
        _listeners[listener].Count++;
        _total++;
        return new(ConnectionAdmission.Admitted);
    }

    /// <summary>0 where the address may connect. One that may not is not counted, so that trying does not keep it out.</summary>
    private long ThrottleOf(IPAddress address, long nowMs)
    {
        if (!_addressLimits.TryGetValue(address, out var limit))
        {
            if (_addressLimit is null) return 0;
            limit = _addressLimit.Value;
        }
        var rate = _ratesOfAddresses.Of(address, nowMs);
        rate.Limit = limit;
        var throttleMs = rate.Record(nowMs);
        if (throttleMs > 0) rate.TakeBack(nowMs);
        return throttleMs;
    }

    private void Wake()
    {
        _changed?.TrySetResult();
        _changed = null;
    }

    private long NowMs() => _time.TickMs();

    private sealed class ListenerState(ConnectionRate rate)
    {
        public ConnectionRate Rate { get; } = rate;

        public int Most { get; set; } = int.MaxValue;

        public int Count { get; set; }
    }
}
