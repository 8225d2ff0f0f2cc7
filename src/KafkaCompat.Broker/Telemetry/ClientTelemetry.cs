using System.Buffers;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Telemetry;

/// <summary>
/// The broker's side of client telemetry: which metrics a client is to push and how often, and what it pushed. A client that asks or pushes too early is
/// refused; one whose subscription has changed is sent to ask again. Clients that are not heard of for three intervals are forgotten when others come.
/// </summary>
public sealed class ClientTelemetry(int maxBytes, TelemetryAdvertising advertising, TimeProvider time, Random random) : IMetadataListener, IDisposable
{
    /// <summary>Clients remembered; of more the ones heard of least recently are forgotten.</summary>
    public const int MaxInstances = 16_384;

    /// <summary>Bytes that a push may be decompressed to.</summary>
    public const int MaxDecompressedBytes = 10 * 1_048_576;

    private const int IntervalsUntilForgotten = 3;

    /// <summary>In the order in which Kafka prefers them.</summary>
    private static readonly CompressionType[] Codecs = [CompressionType.Zstd, CompressionType.Lz4, CompressionType.Gzip, CompressionType.Snappy];

    private readonly Lock _lock = new();
    private readonly Dictionary<Uuid, ClientInstance> _instances = [];
    private MetadataImage _subscribed = MetadataImage.Empty;
    private volatile bool _hasSubscriptions;

    /// <summary>Whether ApiVersions advertises it. Clients that know of it already are served in any case.</summary>
    public bool IsAdvertised => advertising == TelemetryAdvertising.Always || (advertising == TelemetryAdvertising.Subscribed && _hasSubscriptions);

    public ClientMetricsMeter Meter { get; } = new();

    /// <summary>Subscriptions have changed: what clients hold of them is void.</summary>
    public ValueTask OnMetadata(MetadataStep step)
    {
        if (step.Delta.ChangedConfigs.Any(static resource => resource.Type == ConfigResourceType.ClientMetrics))
        {
            lock (_lock) _subscribed = step.Image;
            _hasSubscriptions = step.Image.Configs.Any(static config => config.Key.Type == ConfigResourceType.ClientMetrics && config.Value.Count > 0);
        }
        return ValueTask.CompletedTask;
    }

    public GetTelemetrySubscriptionsResponse Get(GetTelemetrySubscriptionsRequest request, Func<Uuid, ClientTraits> traitsOf)
    {
        lock (_lock)
        {
            var id = request.ClientInstanceId == Uuid.Zero ? NewId() : request.ClientInstanceId;
            var instance = Instance(id, traitsOf);
            if (!instance.TryGet(NowMs)) return new GetTelemetrySubscriptionsResponse { ErrorCode = ErrorCode.ThrottlingQuotaExceeded };
            return new GetTelemetrySubscriptionsResponse
            {
                ClientInstanceId = id,
                SubscriptionId = instance.Subscription.Id,
                AcceptedCompressionTypes = [.. Codecs.Select(static codec => (sbyte)codec)],
                PushIntervalMs = instance.Subscription.IntervalMs,
                TelemetryMaxBytes = maxBytes,
                DeltaTemporality = true,
                RequestedMetrics = [.. instance.Subscription.Metrics],
            };
        }
    }

    public ErrorCode Push(PushTelemetryRequest request, Func<Uuid, ClientTraits> traitsOf)
    {
        if (request.ClientInstanceId == Uuid.Zero) return ErrorCode.InvalidRequest;
        ClientInstance instance;
        lock (_lock)
        {
            instance = Instance(request.ClientInstanceId, traitsOf);
            if (Refusal(instance, request) is var refusal and not ErrorCode.None) return refusal;
        }

        // Other clients need not wait while this one's push is read.
        if (Points(request) is not { } points) return ErrorCode.InvalidRecord;
        lock (_lock)
        {
            // Who was forgotten in between leaves nothing behind.
            if (!_instances.ContainsKey(request.ClientInstanceId)) return ErrorCode.None;
            Meter.Record(instance.Client, request.ClientInstanceId, points);
            if (request.Terminating)
            {
                instance.IsTerminating = true;
                Meter.Forget(request.ClientInstanceId);
            }
            return ErrorCode.None;
        }
    }

    public void Dispose() => Meter.Dispose();

    private long NowMs => time.TickMs();

    private ErrorCode Refusal(ClientInstance instance, PushTelemetryRequest request)
    {
        // A client's last push may come at any time.
        if (!instance.TryPush(NowMs) && !request.Terminating) return ErrorCode.ThrottlingQuotaExceeded;
        if (!request.Terminating && instance.IsTerminating) return ErrorCode.InvalidRequest;
        if (request.SubscriptionId != instance.Subscription.Id)
        {
            instance.SendBack();
            return ErrorCode.UnknownSubscriptionId;
        }
        if (request.CompressionType != 0 && Array.IndexOf(Codecs, (CompressionType)request.CompressionType) < 0)
        {
            instance.SendBack();
            return ErrorCode.UnsupportedCompressionType;
        }
        return request.Metrics.Length > maxBytes ? ErrorCode.TelemetryTooLarge : ErrorCode.None;
    }

    private static IReadOnlyList<ClientMetricPoint>? Points(PushTelemetryRequest request)
    {
        using var buffer = new PooledBuffer();
        if (request.CompressionType == 0)
        {
            buffer.Write(request.Metrics);
        }
        else if (CompressionCodecs.Get((CompressionType)request.CompressionType)
            .Decompress(new ReadOnlySequence<byte>(request.Metrics), buffer, MaxDecompressedBytes) != DecompressionResult.Done)
        {
            return null;
        }
        return OtlpMetrics.Read(buffer.WrittenSpan);
    }

    /// <summary>The client as it is known, under the subscription that holds now.</summary>
    private ClientInstance Instance(Uuid id, Func<Uuid, ClientTraits> traitsOf)
    {
        if (_instances.TryGetValue(id, out var known))
        {
            var now = ClientSubscription.Of(_subscribed, known.Client);
            return now.Id == known.Subscription.Id ? known : _instances[id] = known.Under(now);
        }
        if (_instances.Count >= MaxInstances) ForgetSilent();
        var client = traitsOf(id);
        return _instances[id] = new ClientInstance(client, ClientSubscription.Of(_subscribed, client));
    }

    private void ForgetSilent()
    {
        var nowMs = NowMs;
        foreach (var (id, instance) in _instances.ToList())
        {
            if (nowMs - instance.LastHeardMs > IntervalsUntilForgotten * (long)instance.Subscription.IntervalMs) Forget(id);
        }
        if (_instances.Count >= MaxInstances) Forget(_instances.MinBy(static pair => pair.Value.LastHeardMs).Key);
    }

    private void Forget(Uuid id)
    {
        _ = _instances.Remove(id);
        Meter.Forget(id);
    }

    private Uuid NewId()
    {
        lock (random) return RandomIds.Next(random);
    }
}
