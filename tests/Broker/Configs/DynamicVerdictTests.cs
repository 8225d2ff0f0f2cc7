using KafkaCompat.Broker.Tests.Configs.Verdicts;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Configs;

/// <summary>
/// Each setting, for this broker, for all brokers and for a topic, altered in each way: the error codes that Apache Kafka 4.4 gave (dynamic-verdicts.tsv).
/// </summary>
public sealed class DynamicVerdictTests
{
    private const string Legacy = "LEGACY";

    /// <summary>Where we answer another code, and why.</summary>
    private static readonly (string Name, string Change, ErrorCode Kafkas, ErrorCode Ours, string Reason)[] Differences =
    [
        ("config.providers", "", ErrorCode.None, ErrorCode.InvalidRequest, "the values that the classes hold would not be read"),
        ("config.providers", "", ErrorCode.InvalidConfig, ErrorCode.InvalidRequest, "the same, where Kafka refuses it for another reason"),
        ("log.flush.interval.ms", "-1", ErrorCode.None, ErrorCode.InvalidRequest, "the next start would be refused, in Kafka too"),
        ("controller.listener.names", "a", ErrorCode.UnknownServerError, ErrorCode.InvalidRequest, "Kafka fails over its own null"),
        ("process.roles", "a", ErrorCode.UnknownServerError, ErrorCode.InvalidRequest, "Kafka fails over its own null"),
    ];

    [Fact]
    public async Task Every_alteration_is_answered_as_Kafka_answers_it()
    {
        await using var node = TestNode.Start(settings: ("log.retention.ms", TestNode.KafkasDefault));
        _ = await node.CreateTopic("t");
        var client = node.Connect();
        var wrong = new List<string>();
        foreach (var (scope, name, operation, value, code) in KafkaVerdicts.OfAlterations())
        {
            var (type, resource) =
                scope switch { "topic" => (ConfigResourceType.Topic, "t"), "broker" => (ConfigResourceType.Broker, "1"), _ => (ConfigResourceType.Broker, "") };
            var ours = operation == Legacy
                ? await Replace(client, type, resource, name, value!)
                : await Alter(client, type, resource, name, Enum.Parse<ConfigOperation>(operation, ignoreCase: true), value);
            if (ours != code
                && !Array.Exists(Differences, known => known.Name == name && known.Kafkas == code && known.Ours == ours
                && (known.Change.Length == 0 || known.Change == value)))
            {
                wrong.Add($"{scope}\t{name}\t{operation} {KafkaVerdicts.Escape(value ?? "")}\tKafka: {code}, we: {ours}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} answers differ from Apache Kafka's:\n{string.Join('\n', wrong)}");
    }

    private static async Task<ErrorCode> Alter(MemoryClient client, ConfigResourceType type, string resource, string name, ConfigOperation operation,
        string? value)
    {
        var request = new IncrementalAlterConfigsRequest
        {
            ValidateOnly = true,
            Resources =
            {
                new() { ResourceType = (sbyte)type, ResourceName = resource,
                    Configs = { new() { Name = name, ConfigOperation = (sbyte)operation, Value = value } } },
            },
        };
        return Assert.Single((await client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(request, 1)).Responses).ErrorCode;
    }

    private static async Task<ErrorCode> Replace(MemoryClient client, ConfigResourceType type, string resource, string name, string value)
    {
        var request = new AlterConfigsRequest
        {
            ValidateOnly = true,
            Resources = { new() { ResourceType = (sbyte)type, ResourceName = resource, Configs = { new() { Name = name, Value = value } } } },
        };
        return Assert.Single((await client.Ask<AlterConfigsRequest, AlterConfigsResponse>(request, 2)).Responses).ErrorCode;
    }
}
