using System.Collections.Immutable;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// The controller mutation quotas (KIP-599): partitions a second that a client may create and delete, by <c>controller.quota.window.num</c> times
/// <c>controller.quota.window.size.seconds</c> of them at once after rest. The limits are those of the image that is decided on. What clients have taken is not in the
/// log: a new leader lets everybody begin at rest, as Kafka's does.
/// </summary>
internal sealed class MutationQuotas(int windows, long windowMs)
{
    private readonly TrackedEntities<(string? User, string? ClientId), TokenBucket> _buckets = new(() => new TokenBucket(windows * (windowMs / 1000d)));
    private ImmutableDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>>? _read;
    private QuotaLimits _limits = QuotaLimits.None;

    /// <summary>Entities that are measured.</summary>
    public int Tracked => _buckets.Count;

    /// <summary>The quota of one request. A strict one refuses what comes when the bucket is below zero; else the client is only throttled for it.</summary>
    public MutationQuota Of(MetadataImage image, RequestClient? client, bool isStrict, long tickMs)
    {
        Read(image);
        return client is { } asker && _limits.TryFind(asker.User, asker.ClientId, out var binding)
            ? new MutationQuota(binding, Bucket(binding, tickMs).Left(binding.Limit, tickMs), isStrict)
            : MutationQuota.Unlimited;
    }

    /// <summary>A request is decided: what it takes is gone.</summary>
    public void Take(MutationQuota quota, long tickMs)
    {
        if (quota.Binding is { } binding && quota.Taken > 0)
        {
            Bucket(binding, tickMs).Take(quota.Taken);
        }
    }

    private TokenBucket Bucket(QuotaBinding binding, long tickMs) => _buckets.Of((binding.User, binding.ClientId), tickMs);

    private void Read(MetadataImage image)
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
}
