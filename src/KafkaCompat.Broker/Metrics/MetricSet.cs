using System.Diagnostics.Metrics;

namespace KafkaCompat.Broker.Metrics;

/// <summary>
/// A meter whose instruments are looked at when somebody asks and cost nothing before: what is counted is counted in plain fields beside the work. Each metric
/// is defined in one place, with its name, its meaning and where its value comes from.
/// </summary>
public sealed class MetricSet(string name) : IDisposable
{
    /// <summary>The tag of an instrument that is a part of a histogram; its value is the histogram's name.</summary>
    public const string HistogramTag = "histogram";

    private readonly List<MetricDefinition> _definitions = [];

    public Meter Meter { get; } = new(name);

    /// <summary>Every metric, in the order in which they were defined.</summary>
    public IReadOnlyList<MetricDefinition> Definitions => _definitions;

    /// <summary>A series that needs no labels.</summary>
    public static Measurement<long> Series(long value) => new(value);

    /// <summary>A series with one label.</summary>
    public static Measurement<long> Series(long value, string label, string? text) => new(value, new KeyValuePair<string, object?>(label, text));

    /// <summary>A series with two labels.</summary>
    public static Measurement<long> Series(long value, string label, string? text, string label2, string? text2) =>
        new(value, new KeyValuePair<string, object?>(label, text), new KeyValuePair<string, object?>(label2, text2));

    public void Counter(string name, string unit, IReadOnlyList<string> labels, string description, string kafka,
        Func<IEnumerable<Measurement<long>>> observe) =>
        Meter.CreateObservableCounter(name, observe, unit, Define(name, MetricKind.Counter, unit, labels, description, kafka));

    /// <summary>A total of seconds.</summary>
    public void Seconds(string name, IReadOnlyList<string> labels, string description, string kafka, Func<IEnumerable<Measurement<double>>> observe) =>
        Meter.CreateObservableCounter(name, observe, "s", Define(name, MetricKind.Counter, "s", labels, description, kafka));

    public void Gauge(string name, string unit, IReadOnlyList<string> labels, string description, string kafka, Func<IEnumerable<Measurement<long>>> observe) =>
        Meter.CreateObservableGauge(name, observe, unit, Define(name, MetricKind.Gauge, unit, labels, description, kafka));

    public void Gauge(string name, string unit, string description, string kafka, Func<long> observe) =>
        Meter.CreateObservableGauge(name, observe, unit, Define(name, MetricKind.Gauge, unit, [], description, kafka));

    /// <summary>A share, from 0 to 1.</summary>
    public void Ratio(string name, string description, string kafka, Func<double> observe) =>
        Meter.CreateObservableGauge(name, observe, "1", Define(name, MetricKind.Gauge, "1", [], description, kafka));

    /// <summary>
    /// A distribution of seconds, as three instruments: <c>.bucket</c> with the label <c>le</c>, <c>.sum</c> and <c>.count</c>. The instrument kind that is
    /// called a histogram gets each value when it is recorded, which the path of every request would pay for.
    /// </summary>
    public void Histogram(string name, IReadOnlyList<string> labels, string description, string kafka, Func<IEnumerable<SecondsHistogram>> observe)
    {
        var text = Define(name, MetricKind.Histogram, "s", labels, description, kafka);
        KeyValuePair<string, object?>[] tags = [new(HistogramTag, name)];
        _ = Meter.CreateObservableCounter(name + ".bucket", () => observe().SelectMany(static h => h.Buckets()), "s", text, tags);
        _ = Meter.CreateObservableCounter(name + ".sum", () => observe().Select(static h => h.Sum()), "s", text, tags);
        _ = Meter.CreateObservableCounter(name + ".count", () => observe().Select(static h => h.Count()), "s", text, tags);
    }

    public void Dispose() => Meter.Dispose();

    private string Define(string name, MetricKind kind, string unit, IReadOnlyList<string> labels, string description, string kafka)
    {
        _definitions.Add(new MetricDefinition(name, kind, unit, labels, description, kafka));
        return kafka.Length == 0 ? description : $"{description} Kafka: {kafka}";
    }
}
