using System.Text;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Server.Http;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Http;

/// <summary>docs/metrics.md is what the program's meters define, and what a scrape shows.</summary>
public sealed class MetricsDocumentTests : IDisposable
{
    /// <summary>Set to 1, the test writes the document instead of comparing it.</summary>
    private const string WriteVariable = "KAFKACOMPAT_WRITE_DOCS";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-metrics-");

    [Fact]
    public async Task The_table_of_metrics_is_what_the_meters_define()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        using var broker = node.Running.Node.CreateMetrics("test");
        using var process = new ProcessMetrics();
        var expected = Document([.. broker.Metrics.Definitions, .. process.Metrics.Definitions]);
        var file = Path.Combine(Path.GetFullPath(KafkaReference.RepositoryRoot), "docs", "metrics.md");
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1") await File.WriteAllTextAsync(file, expected, TestContext.Current.CancellationToken);
        Assert.Equal(expected, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n"));
    }

    /// <summary>kafka-jmx-names.txt was read off a running node of Apache Kafka 4.4.</summary>
    [Fact]
    public async Task What_a_metric_is_called_in_Kafka_is_a_name_that_Kafka_has()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        using var broker = node.Running.Node.CreateMetrics("test");
        var names = (await File.ReadAllLinesAsync(Path.Combine(Path.GetFullPath(KafkaReference.RepositoryRoot), "tests", "Server", "Http", "kafka-jmx-names.txt"), TestContext.Current.CancellationToken))
            .Where(static line => line[0] != '#').Select(JmxName.Parse).ToList();
        var wrong = from definition in broker.Metrics.Definitions
                    from text in definition.Kafka.Split(" and ", StringSplitOptions.RemoveEmptyEntries)
                    let name = JmxName.Parse(text)
                    where !names.Exists(name.Covers)
                    select $"{definition.Name}: {text}";
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Every_series_of_a_scrape_has_the_labels_of_its_definition()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        await node.CreateTopic("t");
        using var broker = node.Running.Node.CreateMetrics("test");
        var metrics = Exposition.Parse((await node.Get("metrics")).Text);
        foreach (var definition in broker.Metrics.Definitions)
        {
            var name = PrometheusText.NameOf(definition.Name, definition.Unit, definition.Kind);
            foreach (var series in metrics.Series.Where(series => series.StartsWith(name + "{", StringComparison.Ordinal)))
            {
                var labels = series[(name.Length + 1)..^1].Split("\",").Select(static label => label[..label.IndexOf('=')]);
                Assert.Equal(definition.Labels, labels);
            }
        }
        Assert.Contains("kafka_topic_log_size_bytes", metrics.Types.Keys);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Document(IReadOnlyList<MetricDefinition> definitions)
    {
        var text = new StringBuilder();
        _ = text.Append("# The metrics of a node, and what Apache Kafka calls them\n\n");
        _ = text.Append("Made from the program's own meters by a test of `tests/Server/`, which fails where this file differs (`").Append(WriteVariable).Append("=1` in its environment writes it\nanew).\n\n");
        _ = text.Append("`/metrics` shows them under these names; as instruments of .NET's `System.Diagnostics.Metrics` (meters `KafkaCompat.Broker`, `KafkaCompat.Process`) they have dots for\n");
        _ = text.Append("underscores and neither unit nor `_total`. In Kafka's names a star stands for each value of the label. What Kafka has as a rate a second is a total here: ask for\n`rate(…)`.\n\n");
        _ = text.Append("| Metric | Kind | Labels | What it says | In Kafka's JMX |\n|---|---|---|---|---|\n");
        foreach (var definition in definitions)
        {
            _ = text.Append("| `").Append(PrometheusText.NameOf(definition.Name, definition.Unit, definition.Kind)).Append("` | ").Append(definition.Kind.ToString().ToLowerInvariant())
                .Append(" | ").Append(string.Join(", ", definition.Labels)).Append(" | ").Append(definition.Description).Append(" | ")
                .Append(definition.Kafka.Length == 0 ? "" : $"`{definition.Kafka.Replace("|", "\\|", StringComparison.Ordinal)}`").Append(" |\n");
        }
        _ = text.Append("\nBeside these:\n\n");
        _ = text.Append("- `dotnet_*`: .NET's own meter `System.Runtime`, that is its collector (Kafka: `java.lang:type=GarbageCollector`), heap and working set (`java.lang:type=Memory`), processor time\n");
        _ = text.Append("  (`java.lang:type=OperatingSystem`), thread pool and locks. What that meter records event by event (exceptions) is left out.\n");
        _ = text.Append("- `client_*`: what clients push of their own metrics (KIP-714), with their attributes, `client_id` and `client_instance_id` as labels. Kafka hands them to a Java plug-in.\n");
        return text.ToString();
    }

    /// <summary>An MBean's name by its properties, with the attribute that holds the value where the name does not say it.</summary>
    private sealed record JmxName(string Domain, IReadOnlyDictionary<string, string> Properties, string Attribute)
    {
        public static JmxName Parse(string text)
        {
            var attribute = text.IndexOf(" (", StringComparison.Ordinal);
            var name = attribute < 0 ? text : text[..attribute];
            var colon = name.IndexOf(':', StringComparison.Ordinal);
            var properties = name[(colon + 1)..].Split(',').Select(static pair => pair.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1], StringComparer.Ordinal);
            return new JmxName(name[..colon], properties, attribute < 0 ? "" : text[(attribute + 2)..^1]);
        }

        /// <summary>Whether the other one is this one; a star here stands for any rest.</summary>
        public bool Covers(JmxName other) =>
            Domain == other.Domain && Attribute == other.Attribute && Properties.Count == other.Properties.Count
            && Properties.All(pair => other.Properties.TryGetValue(pair.Key, out var value) && IsLike(value, pair.Value));

        private static bool IsLike(string value, string pattern) =>
            pattern[^1] == '*' ? value.StartsWith(pattern[..^1], StringComparison.Ordinal) : value == pattern || (value == "*" && pattern.Length > 0);
    }
}
