using System.Diagnostics.Metrics;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Broker.Tests.Metrics;

/// <summary>What clients push is bounded for all of them together: whoever makes ids up gets no more memory by it.</summary>
public sealed class ClientMetricsMeterTests
{
    private const int AttributeCharacters = 1_000;

    [Fact]
    public void Clients_with_made_up_ids_share_one_bound_and_give_their_part_back()
    {
        using var meter = new ClientMetricsMeter();
        const int clients = 16;
        for (var i = 1; i <= clients; i++) Push(meter, i);
        var held = Series(meter);
        // Each text counts twice: it stands in the key and in the tags.
        Assert.InRange(held, ClientMetricsMeter.MaxSeriesOfClient, ClientMetricsMeter.MaxBytes / (2 * sizeof(char) * AttributeCharacters));
        Assert.True(held < clients * ClientMetricsMeter.MaxSeriesOfClient);

        meter.Forget(new Uuid(0, 1));
        Assert.Equal(held - ClientMetricsMeter.MaxSeriesOfClient, Series(meter));
        Push(meter, clients + 1);
        Assert.Equal(held, Series(meter));
    }

    private static void Push(ClientMetricsMeter meter, int client)
    {
        var points = new List<ClientMetricPoint>();
        for (var i = 0; i < ClientMetricsMeter.MaxSeriesOfClient; i++)
        {
            var text = $"{i}".PadLeft(AttributeCharacters, '0');
            points.Add(new ClientMetricPoint("made.up", "", "", ClientMetricKind.Gauge, [new("a", text)], i));
        }

        meter.Record(new ClientTraits($"{client}", "c", "s", "1", "h", "1"), new Uuid(0, client), points);
    }

    private static int Series(ClientMetricsMeter meter)
    {
        var count = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter, meter.Meter)) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => count++);
        listener.Start();
        listener.RecordObservableInstruments();
        return count;
    }
}
