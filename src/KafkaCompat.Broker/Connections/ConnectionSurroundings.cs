using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Broker.Quotas;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Connections;

/// <summary>What all connections of a node share.</summary>
/// <param name="Limits">The bounds of each, and the memory that they share.</param>
/// <param name="Quotas">What clients may use.</param>
/// <param name="Wheel">Where their deadlines hang.</param>
/// <param name="Time">The clock that clients are waited for by.</param>
/// <param name="Logger">Where their events go.</param>
public sealed record ConnectionSurroundings(ConnectionLimits Limits, ClientQuotas Quotas, TimerWheel Wheel, TimeProvider Time, ILogger Logger)
{
    /// <summary>Counts requests; null where nobody does.</summary>
    public RequestMetrics? Metrics { get; init; }

    /// <summary>What ends the node.</summary>
    public FatalFaults Faults { get; init; } = new();

    /// <summary>Tells of requests; null where no log does.</summary>
    public RequestLogger? Requests { get; init; }
}
