using System.Diagnostics.Metrics;
using System.Globalization;

namespace KafkaCompat.Broker.Metrics;

/// <summary>One series of a distribution of seconds, as it stands when somebody asks.</summary>
/// <param name="labels">What distinguishes it from other series.</param>
/// <param name="bounds">The upper bounds of all buckets but the last, which has none.</param>
/// <param name="counts">How many fell into each bucket.</param>
/// <param name="sum">All of them together.</param>
public sealed class SecondsHistogram(KeyValuePair<string, object?>[] labels, double[] bounds, long[] counts, double sum)
{
    private const string BoundLabel = "le";

    /// <summary>As Prometheus has them, each with those below it.</summary>
    public IEnumerable<Measurement<long>> Buckets()
    {
        var total = 0L;
        for (var i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            var bound = i < bounds.Length ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
            yield return new Measurement<long>(total, [.. labels, new(BoundLabel, bound)]);
        }
    }

    public Measurement<double> Sum() => new(sum, labels);

    public Measurement<long> Count() => new(counts.Sum(), labels);
}
