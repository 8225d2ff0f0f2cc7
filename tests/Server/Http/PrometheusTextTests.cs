using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Text;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Server.Http;
using Xunit;

namespace KafkaCompat.Server.Tests.Http;

/// <summary>How instruments become text, whatever their names and labels hold.</summary>
public sealed class PrometheusTextTests
{
    [Theory]
    [InlineData("kafka.requests", "{request}", MetricKind.Counter, "kafka_requests_total")]
    [InlineData("dotnet.process.memory.working_set", "By", MetricKind.Gauge, "dotnet_process_memory_working_set_bytes")]
    [InlineData("request.time", "s", MetricKind.Histogram, "request_time_seconds")]
    [InlineData("fetch.total", null, MetricKind.Counter, "fetch_total")]
    [InlineData("7 days/ago", null, MetricKind.Gauge, "_7_days_ago")]
    public void A_name_has_its_unit_and_kind_behind_it(string name, string? unit, MetricKind kind, string expected) =>
        Assert.Equal(expected, PrometheusText.NameOf(name, unit, kind));

    [Fact]
    public async Task Labels_are_escaped_and_none_comes_twice()
    {
        using var meter = new Meter("test");
        _ = meter.CreateObservableGauge("g", () => new Measurement<double>(
            1.5, new("a", "q\"b\\n\nü"), new("x.y", "1"), new("x_y", "2"), new("__name__", "other"), new KeyValuePair<string, object?>("z", null)));
        Assert.Equal("# HELP g g\n# TYPE g gauge\ng{a=\"q\\\"b\\\\n\\nü\",x_y=\"1\",name__=\"other\",z=\"\"} 1.5\n", await Text(meter, ""));
    }

    [Fact]
    public async Task Two_instruments_of_one_name_are_written_once()
    {
        using var meter = new Meter("test");
        _ = meter.CreateObservableGauge("a.b", static () => 1);
        _ = meter.CreateObservableGauge("a_b", static () => 2L);
        Assert.Equal("# HELP a_b a.b\n# TYPE a_b gauge\na_b 1\n", await Text(meter, ""));
    }

    [Fact]
    public async Task The_metrics_of_clients_cannot_pass_for_the_brokers()
    {
        using var meter = new Meter("test");
        _ = meter.CreateObservableCounter("kafka.requests", static () => 1L);
        Assert.Contains("\nclient_kafka_requests_total 1\n", await Text(meter, "client."), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_fit_is_left_out_by_whole_lines()
    {
        using var meter = new Meter("test");
        var label = new string('x', 10_000);
        _ = meter.CreateObservableGauge("g",
            () => Enumerable.Range(0, (ExpositionBuffer.MaxBytes / label.Length) + 10)
            .Select(i => new Measurement<long>(i, new KeyValuePair<string, object?>("l", label + i))));
        var text = await Text(meter, "");
        Assert.InRange(text.Length, ExpositionBuffer.MaxBytes - 20_000, ExpositionBuffer.MaxBytes);
        _ = Exposition.Parse(text);
    }

    [Fact]
    public void An_instrument_that_records_by_itself_is_not_listened_to()
    {
        using var meter = new Meter("test");
        var counter = meter.CreateCounter<long>("c");
        using var text = new PrometheusText([(meter, "")], []);
        Assert.False(counter.Enabled);
    }

    private static async Task<string> Text(Meter meter, string prefix)
    {
        using var text = new PrometheusText([(meter, prefix)], []);
        using var buffer = new ExpositionBuffer();
        text.Write(buffer);
        var stream = new MemoryStream();
        var pipe = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        await buffer.CopyTo(pipe, TestContext.Current.CancellationToken);
        await pipe.CompleteAsync();
        Assert.Equal(buffer.Length, stream.Length);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
