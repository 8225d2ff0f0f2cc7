using System.Globalization;

namespace KafkaCompat.Benchmarks.Load;

/// <summary>
/// One workload's figures on one broker: a second's requests and megabytes, the broker's processor time for them, bytes that it allocated on its heap for a
/// request (not a number where it does not tell), and latencies in milliseconds.
/// </summary>
internal sealed record Sample(
    double RequestsPerSecond, double MegabytesPerSecond, double CpuSecondsPerGigabyte, double CpuMicrosecondsPerRequest, double AllocatedPerRequest, double P50,
    double P99, double P999)
{
    private const double Mega = 1e6;

    public Sample(Outcome outcome, TimeSpan cpu, double allocated)
        : this(
            outcome.Requests / outcome.Elapsed.TotalSeconds,
            outcome.Bytes / outcome.Elapsed.TotalSeconds / Mega,
            cpu.TotalSeconds / (outcome.Bytes / Mega / 1000),
            cpu.TotalMicroseconds / outcome.Requests,
            allocated / outcome.Requests,
            outcome.Percentile(0.5).TotalMilliseconds,
            outcome.Percentile(0.99).TotalMilliseconds,
            outcome.Percentile(0.999).TotalMilliseconds)
    {
    }

    /// <summary>The median of each figure by itself.</summary>
    public static Sample Median(IReadOnlyList<Sample> samples) => new(
        Of(samples, static s => s.RequestsPerSecond),
        Of(samples, static s => s.MegabytesPerSecond),
        Of(samples, static s => s.CpuSecondsPerGigabyte),
        Of(samples, static s => s.CpuMicrosecondsPerRequest),
        Of(samples, static s => s.AllocatedPerRequest),
        Of(samples, static s => s.P50),
        Of(samples, static s => s.P99),
        Of(samples, static s => s.P999));

    /// <summary>How many times the other's work is done a CPU second: the geometric mean of the rounds, and each of them in their order.</summary>
    public static string Compare(IReadOnlyList<Sample> ours, IReadOnlyList<Sample> others)
    {
        var rounds = ours.Zip(others, static (our, other) => other.CpuSecondsPerGigabyte / our.CpuSecondsPerGigabyte).ToArray();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Math.Exp(rounds.Average(Math.Log)):F2} times the MB a CPU second, in rounds {string.Join(' ', rounds.Select(static round => $"{round:F2}"))}");
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{RequestsPerSecond,9:N0} requests/s {MegabytesPerSecond,7:N1} MB/s {CpuSecondsPerGigabyte,7:F2} CPU s/GB {CpuMicrosecondsPerRequest,8:N1} CPU "
            + $"µs/request {(double.IsNaN(AllocatedPerRequest) ? "-" : AllocatedPerRequest.ToString("N0", CultureInfo.InvariantCulture)),6} B/request  p50 "
            + $"{P50:F2} ms, p99 {P99:F2}, p99.9 {P999:F2}");

    /// <summary>Of an even number the mean of the two in the middle: rounds come in two heaps, by who went first.</summary>
    private static double Of(IReadOnlyList<Sample> samples, Func<Sample, double> figure)
    {
        var sorted = samples.Select(figure).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
