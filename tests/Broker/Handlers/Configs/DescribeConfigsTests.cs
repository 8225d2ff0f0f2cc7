using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;
using ConfigType = KafkaCompat.Protocol.Configs.ConfigType;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What a fresh default node of Kafka's answers to DescribeConfigs (tables/live-describe-configs.tsv), this node answers too.</summary>
public sealed class DescribeConfigsTests
{
    private static readonly string[] Sources = ["", "DYNAMIC_TOPIC_CONFIG", "DYNAMIC_BROKER_CONFIG", "DYNAMIC_DEFAULT_BROKER_CONFIG", "STATIC_BROKER_CONFIG",
        "DEFAULT_CONFIG", "", "", "DYNAMIC_GROUP_CONFIG"];

    /// <summary>The settings of the node that the table was taken from.</summary>
    private static readonly (string, string)[] Settings =
    [
        ("log.dirs", "kafka-data"), ("listeners", "PLAINTEXT://:19092,CONTROLLER://:19093"), ("num.partitions", "1"), ("offsets.topic.replication.factor", "1"),
        ("share.coordinator.state.topic.replication.factor", "1"), ("transaction.state.log.replication.factor", "1"), ("transaction.state.log.min.isr", "1"),
        ("offsets.topic.num.partitions", "50"), ("log.retention.ms", TestNode.KafkasDefault),
    ];

    [Theory]
    [InlineData("TOPIC", ConfigResourceType.Topic, "described")]
    [InlineData("BROKER", ConfigResourceType.Broker, "1")]
    [InlineData("BROKER", ConfigResourceType.Broker, "")]
    [InlineData("GROUP", ConfigResourceType.Group, "any-group")]
    public async Task Every_setting_is_described_as_Kafka_does(string kind, ConfigResourceType type, string name)
    {
        var rows = KafkaReference.Table("tables", "live-describe-configs.tsv")
            .Where(row => row["listener"] == "broker" && row["resource"] == kind && row["resourceName"] == name).ToList();
        await using var node = TestNode.Start(settings: Settings);
        _ = await node.CreateTopic("described");
        var request = new DescribeConfigsRequest
        {
            IncludeSynonyms = true,
            Resources = { new() { ResourceType = (sbyte)type, ResourceName = name, ConfigurationKeys = null } },
        };
        var response = await node.Connect().Ask<DescribeConfigsRequest, DescribeConfigsResponse>(request, 4);
        Assert.Equal(ErrorCode.None, response.Results[0].ErrorCode);
        var ours = response.Results[0].Configs.ToDictionary(static config => config.Name, Line);
        // The test's node sets this one to have few partitions; Kafka's leaves it at its default.
        var differences = rows.Where(static row => row["name"] != "offsets.topic.num.partitions")
            .Select(row => (Theirs: Line(row), Ours: ours.GetValueOrDefault(row["name"], "missing")))
            .Where(static pair => pair.Theirs != pair.Ours).Select(static pair => $"{pair.Ours}\n    instead of {pair.Theirs}").ToList();
        differences.AddRange(ours.Keys.Except(rows.Select(static row => row["name"])).Select(static extra => $"{extra} is not described by Kafka"));
        Assert.True(differences.Count == 0, $"{differences.Count} of {rows.Count} differ:\n{string.Join('\n', differences)}");
    }

    /// <summary>As a node of Kafka's answered with the same settings: what stands before the setting that is asked for, in another unit, is not told.</summary>
    [Theory]
    [InlineData("log.retention.ms=7;log.retention.minutes=100", "1", "log.retention.ms",
        "7 STATIC_BROKER_CONFIG [log.retention.ms=7 STATIC_BROKER_CONFIG; log.retention.minutes=100 STATIC_BROKER_CONFIG; log.retention.hours=168 "
        + "DEFAULT_CONFIG]")]
    [InlineData("log.retention.ms=7;log.retention.minutes=100", "1", "log.retention.minutes",
        "100 STATIC_BROKER_CONFIG [log.retention.minutes=100 STATIC_BROKER_CONFIG; log.retention.hours=168 DEFAULT_CONFIG]")]
    [InlineData("log.retention.ms=7;log.retention.minutes=100", "1", "log.retention.hours", "168 DEFAULT_CONFIG [log.retention.hours=168 DEFAULT_CONFIG]")]
    [InlineData("log.retention.ms=7", "1", "log.retention.minutes", " DEFAULT_CONFIG []")]
    [InlineData("log.retention.hours=6", "1", "log.retention.ms", " DEFAULT_CONFIG []")]
    [InlineData("log.retention.hours=6", "1", "log.retention.hours",
        "6 STATIC_BROKER_CONFIG [log.retention.hours=6 STATIC_BROKER_CONFIG; log.retention.hours=168 DEFAULT_CONFIG]")]
    [InlineData("log.roll.hours=5", "1", "log.roll.ms", " DEFAULT_CONFIG []")]
    [InlineData("log.roll.jitter.ms=72", "1", "log.roll.jitter.hours", "0 DEFAULT_CONFIG [log.roll.jitter.hours=0 DEFAULT_CONFIG]")]
    [InlineData("log.flush.interval.ms=73", "1", "log.flush.scheduler.interval.ms",
        "9223372036854775807 DEFAULT_CONFIG [log.flush.scheduler.interval.ms=9223372036854775807 DEFAULT_CONFIG]")]
    [InlineData("log.retention.ms=7", "t", "retention.ms",
        "7 STATIC_BROKER_CONFIG [log.retention.ms=7 STATIC_BROKER_CONFIG; log.retention.hours=168 DEFAULT_CONFIG]")]
    [InlineData("log.retention.minutes=100;log.retention.hours=6", "t", "retention.ms", "6000000 DEFAULT_CONFIG []")]
    [InlineData("log.roll.hours=5", "t", "segment.ms", "18000000 DEFAULT_CONFIG []")]
    [InlineData("log.roll.jitter.hours=2", "t", "segment.jitter.ms", "7200000 DEFAULT_CONFIG []")]
    [InlineData("log.flush.scheduler.interval.ms=9000", "t", "flush.ms", "9000 DEFAULT_CONFIG []")]
    [InlineData("log.retention.hours=6", "own", "retention.ms", "5000000 DYNAMIC_TOPIC_CONFIG [retention.ms=5000000 DYNAMIC_TOPIC_CONFIG]")]
    public async Task A_setting_in_another_unit_is_told_behind_the_one_that_is_asked_for(string settings, string resource, string name, string expected)
    {
        await using var node = TestNode.Start(
            settings: [("log.retention.ms", TestNode.KafkasDefault), .. settings.Split(';').Select(static one => (one.Split('=')[0], one.Split('=')[1]))]);
        _ = await node.CreateTopic("t");
        _ = await node.CreateTopic("own", configs: ("retention.ms", "5000000"));
        var type = resource == "1" ? ConfigResourceType.Broker : ConfigResourceType.Topic;
        var request = new DescribeConfigsRequest
        {
            IncludeSynonyms = true,
            Resources = { new() { ResourceType = (sbyte)type, ResourceName = resource, ConfigurationKeys = [name] } },
        };
        var told = Assert.Single((await node.Connect().Ask<DescribeConfigsRequest, DescribeConfigsResponse>(request, 4)).Results[0].Configs);
        var synonyms = string.Join("; ", told.Synonyms.Select(static s => $"{s.Name}={s.Value} {Sources[s.Source]}"));
        Assert.Equal(expected, $"{told.Value} {Sources[told.ConfigSource]} [{synonyms}]");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_that_names_no_settings_is_for_all(bool isEmpty)
    {
        await using var node = TestNode.Start();
        _ = await node.CreateTopic("t");
        var request = new DescribeConfigsRequest { Resources = { new() { ResourceType = 2, ResourceName = "t", ConfigurationKeys = isEmpty ? [] : null } } };
        var response = await node.Connect().Ask<DescribeConfigsRequest, DescribeConfigsResponse>(request, 4);
        Assert.Equal(ConfigCatalog.Topic.Count(static key => key.IsDescribed), response.Results[0].Configs.Count);
    }

    /// <summary>A resource is looked up once a request; each mention is answered, with the settings that it names.</summary>
    [Fact]
    public async Task A_resource_that_is_named_again_is_answered_again_with_what_is_asked_of_it()
    {
        await using var node = TestNode.Start();
        _ = await node.CreateTopic("t");
        var request = new DescribeConfigsRequest
        {
            Resources =
            {
                new() { ResourceType = 2, ResourceName = "t", ConfigurationKeys = ["retention.ms"] },
                new() { ResourceType = 2, ResourceName = "nobody", ConfigurationKeys = null },
                new() { ResourceType = 2, ResourceName = "t", ConfigurationKeys = ["segment.bytes", "cleanup.policy"] },
                new() { ResourceType = 2, ResourceName = "nobody", ConfigurationKeys = ["retention.ms"] },
                new() { ResourceType = 2, ResourceName = "t", ConfigurationKeys = null },
            },
        };
        var response = await node.Connect().Ask<DescribeConfigsRequest, DescribeConfigsResponse>(request, 4);
        Assert.Equal([1, 0, 2, 0, ConfigCatalog.Topic.Count(static key => key.IsDescribed)], response.Results.Select(static result => result.Configs.Count));
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition, ErrorCode.None, ErrorCode.UnknownTopicOrPartition, ErrorCode.None],
            response.Results.Select(static result => result.ErrorCode));
    }

    [Fact]
    public async Task Topics_that_do_not_exist_and_other_brokers_are_refused()
    {
        await using var node = TestNode.Start();
        var request = new DescribeConfigsRequest
        {
            Resources =
            {
                new() { ResourceType = 2, ResourceName = "nobody", ConfigurationKeys = null },
                new() { ResourceType = 4, ResourceName = "7", ConfigurationKeys = null },
                new() { ResourceType = 4, ResourceName = "x", ConfigurationKeys = null },
                new() { ResourceType = 2, ResourceName = "a b", ConfigurationKeys = null },
            },
        };
        var response = await node.Connect().Ask<DescribeConfigsRequest, DescribeConfigsResponse>(request, 4);
        Assert.Equal(
            [ErrorCode.UnknownTopicOrPartition, ErrorCode.InvalidRequest, ErrorCode.InvalidRequest, ErrorCode.InvalidTopicException],
            response.Results.Select(static result => result.ErrorCode));
        Assert.Equal("", response.Results[0].ErrorMessage);
    }

    [Fact]
    public async Task A_setting_of_this_program_is_no_secret_and_says_what_it_does()
    {
        const string Setting = "kafkacompat.log.write.behind.bytes";
        await using var node = TestNode.Start(settings: (Setting, "1048576"));
        var request = new DescribeConfigsRequest
        {
            IncludeDocumentation = true,
            Resources = { new() { ResourceType = 4, ResourceName = "1", ConfigurationKeys = null } },
        };
        var told = (await node.Connect()
            .Ask<DescribeConfigsRequest, DescribeConfigsResponse>(request, 4)).Results[0].Configs.Single(static config => config.Name == Setting);
        Assert.Equal(("1048576", false, true), (told.Value, told.IsSensitive, told.ReadOnly));
        Assert.StartsWith("Appended bytes go to the disk at once", told.Documentation, StringComparison.Ordinal);
    }

    private static string Line(DescribeConfigsResponse.DescribeConfigsResourceResult config) =>
        $"{config.Name}={config.Value ?? "null"} {Sources[config.ConfigSource]} {((ConfigType)config.ConfigType).ToString().ToUpperInvariant()} "
        + $"{config.IsSensitive} {config.ReadOnly} "
        + $"[{string.Join("; ", config.Synonyms.Select(static s => $"{s.Name}={s.Value ?? "null"} ({Sources[s.Source]})"))}]";

    private static string Line(IReadOnlyDictionary<string, string> row) =>
        $"{row["name"]}={row["value"]} {row["source"]} {row["type"]} {(row["sensitive"] == "true")} {(row["readOnly"] == "true")} [{row["synonyms"]}]";
}
