using System.Diagnostics.Metrics;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Telemetry;

/// <summary>
/// What clients push, as metrics of this broker: an instrument for each name under the meter <c>KafkaCompat.ClientTelemetry</c>, with the client's
/// attributes, its id and the id of its instance as tags. Deltas are summed, so that a scraper sees a total. What a client pushed goes with it.
/// </summary>
public sealed class ClientMetricsMeter : IDisposable
{
    public const string Name = "KafkaCompat.ClientTelemetry";

    /// <summary>Names of metrics that clients may bring; later ones are left out.</summary>
    public const int MaxInstruments = 1_024;

    /// <summary>Series of one client.</summary>
    public const int MaxSeriesOfClient = 2_048;

    /// <summary>Bytes that the series of all clients may take, about: a client's id is its own to choose, so that one may come as thousands.</summary>
    public const long MaxBytes = 64 * 1024 * 1024;

    /// <summary>What a series takes besides its texts, about.</summary>
    private const int SeriesBytes = 256;

    public Meter Meter { get; } = new(Name);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<(Uuid Client, string Series), Series>> _instruments = new(StringComparer.Ordinal);
    private readonly Dictionary<Uuid, int> _seriesOfClient = [];
    private long _bytes;

    /// <summary>Takes a client's points in.</summary>
    public void Record(ClientTraits client, Uuid instance, IReadOnlyList<ClientMetricPoint> points)
    {
        lock (_lock)
        {
            foreach (var point in points) Record(client, instance, point);
        }
    }

    /// <summary>Forgets what a client pushed.</summary>
    public void Forget(Uuid instance)
    {
        lock (_lock)
        {
            if (!_seriesOfClient.Remove(instance)) return;
            foreach (var all in _instruments.Values)
            {
                foreach (var key in all.Keys.Where(key => key.Client == instance).ToList())
                {
                    if (all.Remove(key, out var gone)) _bytes -= gone.Bytes;
                }
            }
        }
    }

    public void Dispose() => Meter.Dispose();

    private void Record(ClientTraits client, Uuid instance, ClientMetricPoint point)
    {
        // A name keeps its kind: a client that pushes it as another one has a series of its own.
        var isCounter = point.Kind != ClientMetricKind.Gauge;
        var name = isCounter ? $"{point.Name}.total" : point.Name;
        if (!_instruments.TryGetValue(name, out var all))
        {
            if (_instruments.Count >= MaxInstruments) return;
            _instruments[name] = all = [];
            if (isCounter) _ = Meter.CreateObservableCounter(name, () => Observe(all), point.Unit, point.Description);
            else _ = Meter.CreateObservableGauge(name, () => Observe(all), point.Unit, point.Description);
        }
        var key = (instance, string.Join(',', point.Attributes.Select(static pair => $"{pair.Key}={pair.Value}")));
        if (!all.TryGetValue(key, out var series))
        {
            var count = _seriesOfClient.GetValueOrDefault(instance);
            // The texts are held once in the key and once in the tags.
            var bytes = SeriesBytes + (2L * sizeof(char) * key.Item2.Length);
            if (count >= MaxSeriesOfClient || _bytes + bytes > MaxBytes) return;
            _bytes += bytes;
            _seriesOfClient[instance] = count + 1;
            all[key] = series = new Series(bytes,
            [
                new("client_id", client.ClientId), new("client_instance_id", client.InstanceId),
                .. point.Attributes.Where(static pair => pair.Key is not ("client_id" or "client_instance_id"))
                    .Select(static pair => new KeyValuePair<string, object?>(pair.Key, pair.Value)),
            ]);
        }
        series.Value = point.Kind == ClientMetricKind.Delta ? series.Value + point.Value : point.Value;
    }

    private List<Measurement<double>> Observe(Dictionary<(Uuid Client, string Series), Series> all)
    {
        lock (_lock) return [.. all.Values.Select(static series => new Measurement<double>(series.Value, series.Tags))];
    }

    private sealed class Series(long bytes, KeyValuePair<string, object?>[] tags)
    {
        public long Bytes { get; } = bytes;

        public KeyValuePair<string, object?>[] Tags { get; } = tags;

        public double Value { get; set; }
    }
}
