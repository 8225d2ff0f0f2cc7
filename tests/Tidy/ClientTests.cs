using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>docs/clients.md is what compat-tests/ runs with each of them.</summary>
public sealed partial class ClientTests
{
    /// <summary>Each client's folder of compat-tests/, its name for people, its file of scenarios, and how one of them begins there.</summary>
    private static readonly (string Folder, string Title, string File, Func<string, string> Scenario)[] Clients =
    [
        ("confluent", "Confluent.Kafka 2.16", "Scenarios.cs", static name => $"""["{name}"] = """),
        ("python", "kafka-python 2.0", "driver.py", static name => $"""[{"{"}\s]"{name}": """),
        ("kafkajs", "kafkajs 2.2", "driver.js", static name => $"""async '?{name}'? \("""),
        ("kafka-tools", "Kafka's console tools 4.3", "driver.py", static name => $"""[{"{"}\s]"{name}": """),
        ("kcat", "kcat 1.7 (librdkafka 2.0)", "driver.py", static name => $"""[{"{"}\s]"{name}": """),
    ];

    [Fact]
    public void The_page_of_clients_says_what_each_client_runs()
    {
        var expected = new List<string>
        {
            $"| Scenario | {string.Join(" | ", Clients.Select(static client => client.Title))} |",
            $"|{string.Concat(Enumerable.Repeat("---|", Clients.Length + 1))}",
        };
        expected.AddRange(
            Scenarios.Select(static scenario => $"| {scenario} | {string.Join(" | ", Clients.Select(client => Answer(client.Folder, scenario)))} |"));
        var actual = Repository.Text("docs/clients.md").Split('\n').SkipWhile(static line => !line.StartsWith("| Scenario |", StringComparison.Ordinal))
            .TakeWhile(static line => line.StartsWith('|'));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Every_client_has_every_scenario_that_it_has_means_for()
    {
        var missing = from client in Clients
                      let text = Repository.Text($"compat-tests/{client.Folder}/{client.File}")
                      from scenario in Scenarios
                      where Answer(client.Folder, scenario) == Yes
                      let pattern = client.Folder == "confluent" ? Regex.Escape(client.Scenario(scenario)) : client.Scenario(scenario)
                      where !Regex.IsMatch(text, pattern)
                      select $"{client.Folder}: {scenario}";
        Findings.None(missing);
    }

    [Fact]
    public void Every_driver_is_in_the_table()
    {
        var driven = ClientLine().Matches(Repository.Text("compat-tests/run.py")).Select(static match => match.Groups["folder"].Value);
        Assert.Equal(driven.Append("confluent").Order(StringComparer.Ordinal), Clients.Select(static client => client.Folder).Order(StringComparer.Ordinal));
    }

    private const string Yes = "yes";

    private static IReadOnlyList<string> Scenarios { get; } =
        [.. JsonDocument.Parse(Repository.Text("compat-tests/scenarios.json")).RootElement.EnumerateObject().Select(static scenario => scenario.Name)];

    /// <summary>Yes, or the reason that run.py has for leaving it out.</summary>
    private static string Answer(string folder, string scenario)
    {
        var line = ClientLine().Matches(Repository.Text("compat-tests/run.py")).FirstOrDefault(match => match.Groups["folder"].Value == folder)?.Value ?? "";
        var reason = Regex.Match(line, $"\"{scenario}\": \"(?<reason>[^\"]+)\"");
        return reason.Success ? reason.Groups["reason"].Value : Yes;
    }

    [GeneratedRegex("""^    "(?<folder>[\w-]+)": \(\[.*$""", RegexOptions.Multiline)]
    private static partial Regex ClientLine();
}
