using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>Says in the log who asked for what is not served yet: once a client id and feature, so that a client that tries for ever fills nothing.</summary>
public sealed class UnservedFeatures(ILogger logger)
{
    /// <summary>Client ids that were named, each with a feature. Whoever comes later is not named.</summary>
    public const int MaxNamed = 1_000;

    private readonly Lock _lock = new();
    private readonly HashSet<(UnservedFeature Feature, string ClientId)> _named = [];

    /// <summary>A client asked for a feature and is refused.</summary>
    public void Asked(UnservedFeature feature, RequestContext context)
    {
        ArgumentNullException.ThrowIfNull(feature);
        ArgumentNullException.ThrowIfNull(context);
        var clientId = context.ClientId ?? "";
        bool isLast;
        lock (_lock)
        {
            if (_named.Count >= MaxNamed || !_named.Add((feature, clientId))) return;
            isLast = _named.Count == MaxNamed;
        }
        UnservedFeatureLogMessages.Asked(logger, clientId, context.RemoteAddress, feature.Name, feature.Advice);
        if (isLast) UnservedFeatureLogMessages.NoMoreNamed(logger, MaxNamed);
    }
}
