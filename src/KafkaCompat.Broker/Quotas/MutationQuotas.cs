using KafkaCompat.Cluster.Controller;

namespace KafkaCompat.Broker.Quotas;

/// <summary>
/// The controller mutation quota: partitions a second that a client may create and delete, by <c>controller.quota.window.num</c> times
/// <c>controller.quota.window.size.seconds</c> of them at once after rest.
/// </summary>
internal sealed class MutationQuotas(int windows, long windowMs, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly TrackedEntities<(string? User, string? ClientId), TokenBucket> _buckets = new(() => new TokenBucket(windows * (windowMs / 1000d)));
    private readonly long _startTimestamp = time.GetTimestamp();
    private volatile QuotaLimits _limits = QuotaLimits.None;

    /// <summary>Entities that are measured.</summary>
    public int Tracked
    {
        get { lock (_lock) return _buckets.Count; }
    }

    public bool IsActive => !_limits.IsEmpty;

    public void Apply(QuotaLimits limits)
    {
        lock (_lock)
        {
            _limits = limits;
            if (limits.IsEmpty) _buckets.Clear();
        }
    }

    /// <summary>The quota of one request. A strict one refuses what comes when the bucket is below zero; else the client is only throttled for it.</summary>
    public MutationQuota? Of(string user, string clientId, bool isStrict) =>
        _limits.TryFind(user, clientId, out var binding) ? new MutationQuota(this, binding, isStrict) : null;

    /// <summary>The quota of one request: what the controller asks, and the throttle that came of it.</summary>
    internal sealed class MutationQuota(MutationQuotas owner, QuotaBinding binding, bool isStrict) : IMutationQuota
    {
        private long _throttleMs;
        private long _throttledAtMs;

        /// <summary>What is left of the throttle.</summary>
        public int ThrottleMs => _throttleMs == 0 ? 0 : (int)Math.Clamp(_throttleMs - (owner.NowMs - _throttledAtMs), 0, int.MaxValue);

        public bool TryTake(int partitions)
        {
            lock (owner._lock)
            {
                var nowMs = owner.NowMs;
                var bucket = owner._buckets.Of((binding.User, binding.ClientId), nowMs);
                var left = bucket.Left(binding.Limit, nowMs);
                var isRefused = isStrict && left < 0;
                if (!isRefused) bucket.Take(partitions);
                if (!isStrict) left -= partitions;
                if (left < 0) (_throttleMs, _throttledAtMs) = ((long)Math.Floor((-left / binding.Limit * 1000) + 0.5), nowMs);
                return !isRefused;
            }
        }
    }

    private long NowMs => (long)time.GetElapsedTime(_startTimestamp).TotalMilliseconds;
}
