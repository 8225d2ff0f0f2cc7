using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Server.Http;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Http;

/// <summary>What docs/monitoring holds for Grafana and Prometheus names metrics that a node has.</summary>
public sealed partial class MonitoringTests : IDisposable
{
    /// <summary>Set to 1, the test writes the file instead of comparing it.</summary>
    private const string WriteVariable = "KAFKACOMPAT_WRITE_DOCS";

    private static readonly string Folder = Path.Combine(Path.GetFullPath(KafkaReference.RepositoryRoot), "docs", "monitoring");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-monitoring-");

    [Fact]
    public async Task Every_metric_and_label_of_the_dashboard_exists()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        await node.CreateTopic("t");
        using var broker = node.Running.Node.CreateMetrics("test");
        var scrape = Exposition.Parse((await node.Get("metrics")).Text);
        var names = broker.Metrics.Definitions.Select(static definition => PrometheusText.NameOf(definition.Name, definition.Unit, definition.Kind))
            .Concat(scrape.Types.Keys).ToHashSet(StringComparer.Ordinal);
        var labels = broker.Metrics.Definitions.SelectMany(static definition => definition.Labels).Concat(["le", "instance"]).ToHashSet(StringComparer.Ordinal);
        using var dashboard =
            JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "grafana-dashboard.json"), TestContext.Current.CancellationToken));
        var expressions = dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(static panel => panel.TryGetProperty("targets", out _))
            .SelectMany(static panel => panel.GetProperty("targets").EnumerateArray()).Select(static target => target.GetProperty("expr").GetString()!)
                .ToList();
        Assert.True(expressions.Count > 30);
        foreach (var expression in expressions)
        {
            var used = Name().Matches(expression).Select(static match => match.Value).ToList();
            Assert.NotEmpty(used);
            Assert.All(used, name => Assert.Contains(Suffix().Replace(name, ""), names));
            Assert.All(By().Matches(expression).SelectMany(static match => match.Groups[1].Value.Split(", ")), label => Assert.Contains(label, labels));
        }
        var ids = dashboard.RootElement.GetProperty("panels").EnumerateArray().Select(static panel => panel.GetProperty("id").GetInt32()).ToList();
        Assert.Equal(ids.Distinct(), ids);
    }

    /// <summary>The names that the JMX exporter's own example for Kafka makes: kafka_DOMAIN_TYPE_NAME in small letters, _total for what it counts.</summary>
    [Fact]
    public async Task The_relabelling_gives_every_metric_the_JMX_exporters_name()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        using var broker = node.Running.Node.CreateMetrics("test");
        var expected = Relabelling(broker.Metrics.Definitions);
        var file = Path.Combine(Folder, "prometheus-jmx-names.yml");
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1") await File.WriteAllTextAsync(file, expected, TestContext.Current.CancellationToken);
        Assert.Equal(expected, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n"));
        foreach (
            var name in (string[])["kafka_server_brokertopicmetrics_messagesin_total", "kafka_server_brokertopicmetrics_bytesin_total",
            "kafka_server_replicamanager_underreplicatedpartitions",
            "kafka_controller_kafkacontroller_activecontrollercount", "kafka_log_log_size", "kafka_network_requestmetrics_requests_total"])
        {
            Assert.Contains($"replacement: {name}\n", expected, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Relabelling(IReadOnlyList<MetricDefinition> definitions)
    {
        var text = new StringBuilder();
        _ = text.Append(
            "# For a scrape_config of Prometheus: gives the metrics of a node the names that the JMX exporter gives Apache Kafka's, so that dashboards and "
            + "alerts made for those go on\n");
        _ = text.Append(
            "# working. Metrics that are not here keep their names. Times are left out: they are histograms in seconds here, and quantiles in milliseconds "
            + "there.\n");
        _ = text.Append("# Made by a test of tests/Server from the program's own meters (").Append(WriteVariable)
            .Append("=1 in its environment rewrites it).\n");
        _ = text.Append("metric_relabel_configs:\n");
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (
            var definition in definitions.Where(static definition => definition.Kind != MetricKind.Histogram && definition.Unit != "s"
            && definition.Kafka.Length > 0))
        {
            if (!given.Add(JmxExporterName(definition))) continue;
            _ = text.Append("  - source_labels: [__name__]\n    regex: ").Append(PrometheusText.NameOf(definition.Name, definition.Unit, definition.Kind))
                .Append("\n    target_label: __name__\n    replacement: ").Append(JmxExporterName(definition)).Append('\n');
        }
        // The exporter's labels are the properties of the MBean's name.
        foreach (var (ours, theirs) in ((string, string)[])[("api", "request"), ("operation", "delayedOperation"), ("directory", "logDirectory")])
        {
            _ = text.Append("  - source_labels: [").Append(ours).Append("]\n    regex: (.+)\n    target_label: ").Append(theirs)
                .Append("\n    replacement: $1\n");
        }
        return text.ToString();
    }

    private static string JmxExporterName(MetricDefinition definition)
    {
        var name = JmxName.Parse(definition.Kafka.Split(" and ")[0]);
        var what = name.Properties.GetValueOrDefault("name") ?? name.Attribute;
        if (what.EndsWith("PerSec", StringComparison.Ordinal)) what = what[..^"PerSec".Length];
        var all = $"{name.Domain}_{name.Properties["type"]}_{what}".Replace('.', '_').Replace('-', '_').Replace("*", "", StringComparison.Ordinal)
            .ToLowerInvariant();
        return definition.Kind == MetricKind.Counter && !all.EndsWith("_total", StringComparison.Ordinal) ? all + "_total" : all;
    }

    [GeneratedRegex(@"\b(?:kafka|process|dotnet)_[a-z_]+\b")]
    private static partial Regex Name();

    /// <summary>The series of a histogram.</summary>
    [GeneratedRegex("_(?:bucket|sum|count)$")]
    private static partial Regex Suffix();

    [GeneratedRegex(@"\bby \(([a-z, ]+)\)")]
    private static partial Regex By();
}
