using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// What one request may still change: partitions of topics that are created, grown or deleted. It is asked for each topic when nothing else is wrong with it,
/// in the order of the request, and keeps account; the client is charged when the request is decided.
/// </summary>
internal sealed class MutationQuota(QuotaBinding? binding, double left, bool isStrict)
{
    private double _left = left;

    /// <summary>That of a client whom no quota binds.</summary>
    public static MutationQuota Unlimited => new(null, 0, false);

    /// <summary>The limit and who shares it; null where there is none.</summary>
    public QuotaBinding? Binding => binding;

    /// <summary>Partitions that the request changes.</summary>
    public int Taken { get; private set; }

    /// <summary>For how long the client has to be quiet.</summary>
    public int ThrottleMs { get; private set; }

    /// <summary>Counts partitions that are about to change. False where the quota is exceeded and the topic has to be refused.</summary>
    public bool TryTake(int partitions)
    {
        if (binding is not { } bound)
        {
            return true;
        }

        var before = _left;
        var isRefused = isStrict && before < 0;
        if (!isRefused)
        {
            _left -= partitions;
            Taken += partitions;
        }

        // A strict quota throttles whom it refuses, the other one whoever has taken too much.
        var over = isStrict ? before : _left;
        if (over < 0)
        {
            ThrottleMs = (int)Math.Clamp(Math.Floor((-over / bound.Limit * 1000) + 0.5), 0, int.MaxValue);
        }

        return !isRefused;
    }
}
