using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Broker.Quotas;

/// <summary>One kind of quota on a rate: bytes produced, bytes fetched, time of handlers.</summary>
internal sealed class RateQuota(int windows, long windowMs, long maxThrottleMs)
{
    private readonly Lock _lock = new();
    private readonly TrackedEntities<(string? User, string? ClientId), WindowedRate> _rates = new(() => new WindowedRate(windows, windowMs));
    private volatile QuotaLimits _limits = QuotaLimits.None;

    public bool IsActive => !_limits.IsEmpty;

    /// <summary>Entities that are measured.</summary>
    public int Tracked
    {
        get { lock (_lock) return _rates.Count; }
    }

    public void Apply(QuotaLimits limits)
    {
        lock (_lock)
        {
            _limits = limits;
            if (limits.IsEmpty) _rates.Clear();
        }
    }

    /// <summary>Counts what a client used, and says how long it has to be quiet for it.</summary>
    public int Record(string user, string clientId, double used, long nowMs)
    {
        if (!_limits.TryFind(user, clientId, out var binding)) return 0;
        lock (_lock)
        {
            var rate = _rates.Of((binding.User, binding.ClientId), nowMs);
            rate.Record(used, nowMs);
            return (int)Math.Min(maxThrottleMs, rate.OverrunMs(binding.Limit, nowMs));
        }
    }

    /// <summary>Takes back what was recorded and in the end not used.</summary>
    public void TakeBack(string user, string clientId, double used, long nowMs)
    {
        if (!_limits.TryFind(user, clientId, out var binding)) return;
        lock (_lock) _rates.Of((binding.User, binding.ClientId), nowMs).Record(-used, nowMs);
    }

    /// <summary>The most that a client may use at once after rest: the limit over all windows but one.</summary>
    public double MaxAtOnce(string user, string clientId) =>
        _limits.TryFind(user, clientId, out var binding) ? binding.Limit * (windows - 1) * (windowMs / 1000) : double.PositiveInfinity;
}
