namespace KafkaCompat.Broker.Metrics;

/// <summary>How the values of a metric behave.</summary>
public enum MetricKind
{
    /// <summary>A total that only grows.</summary>
    Counter,

    /// <summary>The value now.</summary>
    Gauge,

    /// <summary>A distribution: how many were at most so large, their sum and their count.</summary>
    Histogram,
}

/// <summary>What a metric is, for people and for the table in docs/metrics.md.</summary>
/// <param name="Name">Its name as an instrument.</param>
/// <param name="Kind">How its values behave.</param>
/// <param name="Unit">UCUM's word: <c>s</c>, <c>By</c>, or what is counted in braces.</param>
/// <param name="Labels">What distinguishes its series.</param>
/// <param name="Description">What it says.</param>
/// <param name="Kafka">Kafka's metric of the same meaning as JMX shows it; empty where Kafka has none.</param>
public sealed record MetricDefinition(string Name, MetricKind Kind, string Unit, IReadOnlyList<string> Labels, string Description, string Kafka);
