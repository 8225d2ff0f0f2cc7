using System.Diagnostics.Metrics;
using KafkaCompat.Broker.Metrics;

namespace KafkaCompat.Server.Http;

/// <summary>
/// Asks meters for what they have and writes it in Prometheus' text format: the instruments of the meters given, and of those that only have a name because the
/// runtime owns them. Instruments that are looked at are asked, no others: whatever records by itself would be listened to all the time.
/// </summary>
internal sealed class PrometheusText : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Dictionary<Meter, string> _meters;
    private readonly HashSet<string> _names;
    private readonly MeterListener _listener = new();
    private readonly HashSet<string> _families = new(StringComparer.Ordinal);
    private readonly List<string> _labels = [];
    private readonly Lock _gate = new();
    private ExpositionBuffer? _output;
    private Instrument? _current;
    private string _series = "";

    /// <param name="meters">Meters, each with what its metrics' names begin with here, so that those of clients are not taken for the broker's.</param>
    /// <param name="names">Meters that are known by their name.</param>
    public PrometheusText(IEnumerable<(Meter Meter, string Prefix)> meters, IEnumerable<string> names)
    {
        _meters = meters.ToDictionary(static pair => pair.Meter, static pair => pair.Prefix);
        _names = new HashSet<string>(names, StringComparer.Ordinal);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.IsObservable && (_meters.ContainsKey(instrument.Meter) || _names.Contains(instrument.Meter.Name)))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Write(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Write(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Write(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Writes all of them; one caller at a time.</summary>
    public void Write(ExpositionBuffer output)
    {
        lock (_gate)
        {
            _output = output;
            _current = null;
            _families.Clear();
            try
            {
                _listener.RecordObservableInstruments();
            }
            finally
            {
                _output = null;
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>An instrument's name here: dots become underscores, the unit and what a counter is stand behind.</summary>
    internal static string NameOf(string name, string? unit, MetricKind kind)
    {
        var text = string.Create(name.Length, name, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsAsciiLetterOrDigit(source[i]) || source[i] is '_' or ':' ? source[i] : '_';
            }
        });
        if (text.Length == 0 || char.IsAsciiDigit(text[0]))
        {
            text = "_" + text;
        }

        text = WithSuffix(text, unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" });
        return WithSuffix(text, kind == MetricKind.Counter ? "_total" : "");
    }

    private static string WithSuffix(string name, string suffix) => name.EndsWith(suffix, StringComparison.Ordinal) ? name : name + suffix;

    private void Write<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        where T : struct, IUtf8SpanFormattable
    {
        // An instrument that belongs to another caller's question cannot be here: only RecordObservableInstruments asks.
        if (_output is not { } output)
        {
            return;
        }

        if (!ReferenceEquals(_current, instrument))
        {
            Begin(output, instrument);
        }

        if (_series.Length == 0)
        {
            return;
        }

        output.Append(_series);
        if (tags.Length > 0)
        {
            WriteLabels(output, tags);
        }

        output.Append(' ');
        output.Append(value);
        output.EndLine();
    }

    /// <summary>The head of a metric, before its first series. A histogram has one for its three instruments.</summary>
    private void Begin(ExpositionBuffer output, Instrument instrument)
    {
        _current = instrument;
        var histogram = instrument.Tags?.FirstOrDefault(static tag => tag.Key == MetricSet.HistogramTag).Value as string;
        var kind = histogram is not null ? MetricKind.Histogram
            : instrument is ObservableCounter<long> or ObservableCounter<double> or ObservableCounter<int> ? MetricKind.Counter
            : MetricKind.Gauge;
        var family = NameOf(_meters.GetValueOrDefault(instrument.Meter, "") + (histogram ?? instrument.Name), instrument.Unit, kind);
        _series = histogram is null ? family : $"{family}_{instrument.Name[(histogram.Length + 1)..]}";
        if (!_families.Add(family))
        {
            // Of two instruments of one name, which two of a client's metrics can come to have, the first counts: a reader refuses a name that comes twice.
            if (histogram is null)
            {
                _series = "";
            }

            return;
        }

        output.Append("# HELP ");
        output.Append(family);
        output.Append(' ');
        WriteEscaped(output, instrument.Description ?? instrument.Name, quotes: false);
        output.EndLine();
        output.Append("# TYPE ");
        output.Append(family);
        output.Append(kind switch { MetricKind.Counter => " counter", MetricKind.Histogram => " histogram", _ => " gauge" });
        output.EndLine();
    }

    private void WriteLabels(ExpositionBuffer output, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        _labels.Clear();
        foreach (ref readonly var tag in tags)
        {
            // A reader refuses everything where a label comes twice, which two attributes of a client can become here; two underscores are its own.
            var label = NameOf(tag.Key.Replace(':', '_'), null, MetricKind.Gauge).TrimStart('_');
            if (label.Length == 0 || _labels.Contains(label))
            {
                continue;
            }

            output.Append(_labels.Count == 0 ? '{' : ',');
            _labels.Add(label);
            output.Append(label);
            output.Append("=\"");
            WriteEscaped(output, tag.Value?.ToString() ?? "", quotes: true);
            output.Append('"');
        }

        if (_labels.Count > 0)
        {
            output.Append('}');
        }
    }

    private static void WriteEscaped(ExpositionBuffer output, string text, bool quotes)
    {
        Span<char> chars = stackalloc char[2];
        foreach (var part in text.AsSpan().EnumerateRunes())
        {
            switch (part.Value)
            {
                case '\\':
                    output.Append("\\\\");
                    break;
                case '\n':
                    output.Append("\\n");
                    break;
                case '"' when quotes:
                    output.Append("\\\"");
                    break;
                default:
                    output.Append(chars[..part.EncodeToUtf16(chars)]);
                    break;
            }
        }
    }
}
