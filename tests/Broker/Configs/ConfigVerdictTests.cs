using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Tests.Configs.Verdicts;
using Xunit;

namespace KafkaCompat.Broker.Tests.Configs;

/// <summary>Every setting with every kind of value gets Apache Kafka's verdict, but for what verdict-differences.tsv names with the reason.</summary>
public sealed class ConfigVerdictTests
{
    [Fact]
    public void A_setting_of_a_node_is_taken_where_Kafka_takes_it() => Compare("broker", Start);

    [Fact]
    public void A_setting_of_a_topic_is_taken_where_Kafka_takes_it() =>
        Compare("topic", static (name, value) => Topics.Check(new Dictionary<string, string> { [name] = value }));

    private static readonly TopicConfigRules Topics = new(TestNode.ConfigOf());

    private static string? Start(string name, string value)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["process.roles"] = "broker,controller",
            ["controller.listener.names"] = "CONTROLLER",
            ["listeners"] = "PLAINTEXT://localhost:19092,CONTROLLER://localhost:19093",
        };
        if (name != "broker.id") settings["node.id"] = "1";
        if (name != "controller.quorum.voters") settings["controller.quorum.bootstrap.servers"] = "localhost:19093";
        settings[name] = value;
        try
        {
            _ = ServerConfig.Create(settings, "here");
            return null;
        }
        catch (ConfigurationException e)
        {
            return e.Message;
        }
    }

    private static void Compare(string scope, Func<string, string, string?> problem)
    {
        var differences = KafkaVerdicts.Differences(scope);
        var wrong = new List<string>();
        foreach (var (name, value, isTaken) in KafkaVerdicts.Of(scope))
        {
            var ours = problem(name, value);
            var differs = ours is null != isTaken;
            var isListed = differences.Any(difference => difference.Matches(name, value, isTaken));
            if (differs && !isListed)
            {
                wrong.Add(
                    $"{scope}\t{name}\t{KafkaVerdicts.Escape(value)}\tKafka {(isTaken ? "takes it" : "refuses it")}, we say: "
                        + $"{KafkaVerdicts.Escape(ours ?? "yes")}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} verdicts differ from Apache Kafka's:\n{string.Join('\n', wrong)}");
    }
}
