using System.Collections.Immutable;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// The controller mutation quotas (KIP-599): partitions a second that a client may create and delete, by <c>controller.quota.window.num</c> times
/// <c>controller.quota.window.size.seconds</c> of them at once after rest. The limits are those of the image that is followed. What clients have taken is not
/// in the log: a new leader lets everybody begin at rest, as Kafka's does.
/// </summary>
internal sealed class MutationQuotas(int windows, long windowMs)
{
    private readonly TrackedEntities<(string? User, string? ClientId), TokenBucket> _buckets = new(() => Full(windows, windowMs));
    private ImmutableDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>>? _read;
    private QuotaLimits _limits = QuotaLimits.None;

    /// <summary>Entities that are measured.</summary>
    public int Tracked => _buckets.Count;

    /// <summary>
    /// The quota of one request. A strict one refuses what comes when the bucket is below zero; else the client is only throttled for it. To ask changes
    /// nothing.
    /// </summary>
    public MutationQuota Of(RequestClient? client, bool isStrict, long tickMs) =>
        client is { } asker && _limits.TryFind(asker.User, asker.ClientId, out var binding)
            ? new MutationQuota(binding, (_buckets.Find(Key(binding)) ?? Full(windows, windowMs)).Left(binding.Limit, tickMs), isStrict)
            : MutationQuota.Unlimited;

    /// <summary>A request is decided: what it takes is gone.</summary>
    public void Take(MutationQuota quota, long tickMs)
    {
        if (quota.Binding is { } binding)
        {
            _buckets.Of(Key(binding), tickMs).Take(quota.Taken, binding.Limit, tickMs);
        }
    }

    /// <summary>The limits are those of this image from here on.</summary>
    public void Follow(MetadataImage image)
    {
        if (ReferenceEquals(_read, image.ClientQuotas))
        {
            return;
        }

        _read = image.ClientQuotas;
        _limits = QuotaLimits.Of(QuotaKeys.ControllerMutationRate, image.ClientQuotas);
        if (_limits.IsEmpty)
        {
            _buckets.Clear();
        }
    }

    private static TokenBucket Full(int windows, long windowMs) => new(windows * (windowMs / 1000d));

    private static (string? User, string? ClientId) Key(QuotaBinding binding) => (binding.User, binding.ClientId);
}
