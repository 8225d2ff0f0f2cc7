namespace KafkaCompat.Broker.Telemetry;

/// <summary>How the points of a client's metric add up.</summary>
public enum ClientMetricKind
{
    /// <summary>The value now.</summary>
    Gauge,

    /// <summary>What came since the push before.</summary>
    Delta,

    /// <summary>A running total.</summary>
    Total,
}

/// <summary>One point of a client's metric.</summary>
public readonly record struct ClientMetricPoint(
    string Name, string Description, string Unit, ClientMetricKind Kind, IReadOnlyList<KeyValuePair<string, string>> Attributes, double Value);

/// <summary>
/// The metrics that a client pushed: OTLP's MetricsData, which is resource, scope, metric, points. Gauges, sums, and of histograms count and sum, which is
/// what Kafka's clients and others send. Bounded: points, attributes and the length of texts.
/// </summary>
public static class OtlpMetrics
{
    /// <summary>Points of one push.</summary>
    public const int MaxPoints = 4_096;

    /// <summary>Attributes of one point, those of the client's resource included.</summary>
    public const int MaxAttributes = 32;

    /// <summary>Bytes of a name, description, key or value.</summary>
    public const int MaxTextBytes = 1_024;

    private const ulong DeltaTemporality = 1;

    /// <summary>Reads all points; null where the bytes are no such message, or more than the bounds allow.</summary>
    public static IReadOnlyList<ClientMetricPoint>? Read(ReadOnlySpan<byte> bytes)
    {
        var points = new List<ClientMetricPoint>();
        var data = new OtlpReader(bytes);
        while (data.Next())
        {
            if (data is { Field: 1, IsBytes: true } && !ReadResource(data.Bytes, points)) return null;
        }
        return data.IsBroken ? null : points;
    }

    private static bool ReadResource(ReadOnlySpan<byte> bytes, List<ClientMetricPoint> points)
    {
        var attributes = new List<KeyValuePair<string, string>>();
        // The resource may stand behind its metrics: two passes.
        var resource = new OtlpReader(bytes);
        while (resource.Next())
        {
            if (resource is { Field: 1, IsBytes: true } && !ReadAttributes(resource.Bytes, 1, attributes)) return false;
        }
        if (resource.IsBroken) return false;
        var scopes = new OtlpReader(bytes);
        while (scopes.Next())
        {
            if (scopes is not { Field: 2, IsBytes: true }) continue;
            var scope = new OtlpReader(scopes.Bytes);
            while (scope.Next())
            {
                if (scope is { Field: 2, IsBytes: true } && !ReadMetric(scope.Bytes, attributes, points)) return false;
            }
            if (scope.IsBroken) return false;
        }
        return true;
    }

    private static bool ReadMetric(ReadOnlySpan<byte> bytes, List<KeyValuePair<string, string>> resource, List<ClientMetricPoint> points)
    {
        var (name, description, unit) = ("", "", "");
        var header = new OtlpReader(bytes);
        while (header.Next())
        {
            if (header.Field > 3 || !header.IsBytes) continue;
            if (header.Bytes.Length > MaxTextBytes) return false;
            switch (header.Field)
            {
                case 1: name = header.Text; break;
                case 2: description = header.Text; break;
                case 3: unit = header.Text; break;
            }
        }
        if (header.IsBroken || name.Length == 0) return false;
        var content = new OtlpReader(bytes);
        while (content.Next())
        {
            if (content is not { Field: 5 or 7 or 9, IsBytes: true }) continue;
            if (!ReadPoints(content.Bytes, content.Field, new ClientMetricPoint(name, description, unit, ClientMetricKind.Gauge, resource, 0), points))
                return false;
        }
        return true;
    }

    private static bool ReadPoints(ReadOnlySpan<byte> bytes, int content, ClientMetricPoint of, List<ClientMetricPoint> points)
    {
        var isDelta = false;
        var header = new OtlpReader(bytes);
        while (header.Next())
        {
            if (header.Field == 2 && !header.IsBytes) isDelta = header.Bits == DeltaTemporality;
        }
        if (header.IsBroken) return false;
        of = of with { Kind = content == 5 ? ClientMetricKind.Gauge : isDelta ? ClientMetricKind.Delta : ClientMetricKind.Total };
        var all = new OtlpReader(bytes);
        while (all.Next())
        {
            if (all is not { Field: 1, IsBytes: true }) continue;
            if (!(content == 9 ? ReadHistogram(all.Bytes, of, points) : ReadNumber(all.Bytes, of, points)) || points.Count > MaxPoints) return false;
        }
        return true;
    }

    private static bool ReadNumber(ReadOnlySpan<byte> bytes, ClientMetricPoint of, List<ClientMetricPoint> points)
    {
        var attributes = new List<KeyValuePair<string, string>>(of.Attributes);
        if (!ReadAttributes(bytes, 7, attributes)) return false;
        var value = 0.0;
        var point = new OtlpReader(bytes);
        while (point.Next())
        {
            if (point.Field == 4) value = point.Double;
            else if (point.Field == 6) value = (long)point.Bits;
        }
        points.Add(of with { Attributes = attributes, Value = value });
        return true;
    }

    private static bool ReadHistogram(ReadOnlySpan<byte> bytes, ClientMetricPoint of, List<ClientMetricPoint> points)
    {
        var attributes = new List<KeyValuePair<string, string>>(of.Attributes);
        if (!ReadAttributes(bytes, 9, attributes)) return false;
        var (count, sum) = (0.0, 0.0);
        var point = new OtlpReader(bytes);
        while (point.Next())
        {
            if (point.Field == 4) count = point.Bits;
            else if (point.Field == 5) sum = point.Double;
        }
        points.Add(of with { Name = $"{of.Name}.count", Unit = "", Attributes = attributes, Value = count });
        points.Add(of with { Name = $"{of.Name}.sum", Attributes = attributes, Value = sum });
        return true;
    }

    /// <summary>The attributes of a message that has them in <paramref name="field"/>.</summary>
    private static bool ReadAttributes(ReadOnlySpan<byte> bytes, int field, List<KeyValuePair<string, string>> attributes)
    {
        var message = new OtlpReader(bytes);
        while (message.Next())
        {
            if (message.Field != field || !message.IsBytes) continue;
            var (key, value) = ("", "");
            var pair = new OtlpReader(message.Bytes);
            while (pair.Next())
            {
                if (!pair.IsBytes || pair.Bytes.Length > MaxTextBytes) return false;
                if (pair.Field == 1) key = pair.Text;
                else if (pair.Field == 2) value = ValueOf(pair.Bytes);
            }
            if (pair.IsBroken || attributes.Count >= MaxAttributes) return false;
            attributes.Add(new(key, value));
        }
        return !message.IsBroken;
    }

    /// <summary>Text, truth and numbers; lists and maps do not distinguish metrics.</summary>
    private static string ValueOf(ReadOnlySpan<byte> bytes)
    {
        var value = new OtlpReader(bytes);
        if (!value.Next()) return "";
        return value.Field switch
        {
            1 => value.Text,
            2 => value.Bits == 0 ? "false" : "true",
            3 => ((long)value.Bits).ToString(System.Globalization.CultureInfo.InvariantCulture),
            4 => value.Double.ToString(System.Globalization.CultureInfo.InvariantCulture),
            _ => "",
        };
    }
}
