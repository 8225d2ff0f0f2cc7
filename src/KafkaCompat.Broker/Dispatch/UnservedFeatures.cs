using KafkaCompat.Broker.Logging;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>Says in the log who asked for what is not served yet: once a client id and feature, so that a client that tries for ever fills nothing.</summary>
public sealed class UnservedFeatures(ILogger logger)
{
    /// <summary>Client ids that were named, each with a feature. Whoever comes later is not named.</summary>
    public const int MaxNamed = 1_000;

    private readonly NamedOnce<(UnservedFeature Feature, string ClientId)> _named = new(MaxNamed);

    /// <summary>A client asked for a feature and is refused.</summary>
    public void Asked(UnservedFeature feature, RequestContext context)
    {
        ArgumentNullException.ThrowIfNull(feature);
        ArgumentNullException.ThrowIfNull(context);
        var clientId = context.ClientId ?? "";
        if (!_named.Add((feature, clientId), out var isLast)) return;
        UnservedFeatureLogMessages.Asked(logger, clientId, context.RemoteAddress, feature.Name, feature.Advice);
        if (isLast) UnservedFeatureLogMessages.NoMoreNamed(logger, MaxNamed);
    }
}
