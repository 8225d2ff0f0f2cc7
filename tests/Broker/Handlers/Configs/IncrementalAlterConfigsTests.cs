using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Settings altered one by one over a connection: answers as Apache Kafka 4.4 gave them to the same requests, and what holds afterwards.</summary>
public sealed class IncrementalAlterConfigsTests() : NodeTests("t", settings: ("log.retention.ms", TestNode.KafkasDefault))
{
    [Theory]
    [InlineData("retention.ms", 0, "1000", ErrorCode.None, null)]
    [InlineData("retention.ms", 0, "x", ErrorCode.InvalidConfig, "Invalid value x for configuration retention.ms: Not a number of type LONG")]
    [InlineData("retention.ms", 0, null, ErrorCode.InvalidRequest, "Null value not supported for : retention.ms")]
    [InlineData("retention.ms", 2, "1", ErrorCode.InvalidConfig, "Can't APPEND to key retention.ms because its type is not LIST.")]
    [InlineData("retention.ms", 7, "1", ErrorCode.UnknownServerError, null)]
    [InlineData("nope", 0, "1", ErrorCode.InvalidConfig, "Unknown topic config name: nope")]
    [InlineData("nope", 1, null, ErrorCode.None, null)]
    [InlineData("cleanup.policy", 2, "bad", ErrorCode.InvalidConfig,
        "Invalid value bad for configuration cleanup.policy: String must be one of: compact, delete")]
    [InlineData("segment.bytes", 0, "10", ErrorCode.InvalidConfig, "Invalid value 10 for configuration segment.bytes: Value must be at least 1048576")]
    [InlineData("remote.storage.enable", 0, "true", ErrorCode.InvalidConfig,
        "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.")]
    [InlineData("remote.storage.enable", 0, "TRUE", ErrorCode.InvalidConfig,
        "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.")]
    public Task A_topics_settings_are_checked_as_Kafka_does(string name, int operation, string? value, ErrorCode error, string? message) =>
        Holds(ConfigResourceType.Topic, "t", name, operation, value, error, message);

    [Theory]
    [InlineData("missing", ErrorCode.UnknownTopicOrPartition, "The topic 'missing' does not exist.")]
    [InlineData("", ErrorCode.InvalidRequest, "Default topic resources are not allowed.")]
    [InlineData("a b", ErrorCode.InvalidTopicException,
        "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'")]
    public Task A_topic_that_cannot_be_is_refused(string topic, ErrorCode error, string message) =>
        Holds(ConfigResourceType.Topic, topic, "retention.ms", 0, "1", error, message);

    [Theory]
    [InlineData("", "log.retention.ms", "1000", null)]
    [InlineData("1", "log.retention.ms", "x", "Invalid value x for configuration log.retention.ms: Not a number of type LONG")]
    [InlineData("", "node.id", "3", "Cannot update these configs dynamically: [node.id]")]
    [InlineData("", "nope", "3", null)]
    [InlineData("1", "num.io.threads", "100",
        "Dynamic thread count update validation failed for num.io.threads=100, value should not be greater than double the current value 8")]
    [InlineData("1", "num.io.threads", "9", null)]
    [InlineData("1", "background.threads", "1",
        "Dynamic thread count update validation failed for background.threads=1, value should be at least half the current value 10")]
    [InlineData("", "log.cleaner.threads", "10", "Log cleaner threads cannot be increased to more than double the current value 1")]
    [InlineData("", "ssl.key.password", "secret",
        "These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.key.password]")]
    [InlineData("1", "sasl.enabled.mechanisms", "PLAIN", null)]
    [InlineData("1", "listener.name.plaintext.ssl.protocol", "TLSv1.3", null)]
    [InlineData("1", "log.local.retention.ms", "-1",
        "Invalid value -1 for configuration log.local.retention.ms: Value must not be more than log.retention.ms, which is 604800000")]
    [InlineData("1", "max.connections", "0", "Invalid max.connections 0: a number from 1 on says how many may connect.")]
    [InlineData("", "listeners", "PLAINTEXT://:1", "Cannot update these configs at default cluster level, broker id must be specified: [listeners]")]
    [InlineData("1", "max.connections.per.ip", "0", "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.")]
    [InlineData("1", "leader.replication.throttled.rate", "-1",
        "Invalid value -1 for configuration leader.replication.throttled.rate: Value must be at least 0")]
    [InlineData("1", "cordoned.log.dirs", "/nowhere", "All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : /nowhere")]
    [InlineData("", "cordoned.log.dirs", "/data", "Cannot update these configs at default cluster level, broker id must be specified: [cordoned.log.dirs]")]
    [InlineData("1", "listeners", "PLAINTEXT://:1", "listeners cannot change while this broker runs: set it in server.properties and start the broker again.")]
    [InlineData("", "config.providers", "file", "config.providers=file is not served: it names Java classes, and the values that they hold would not be read")]
    [InlineData("1", "log.flush.interval.ms", "-1", "Invalid value -1 for configuration log.flush.interval.ms: Value must be at least 0")]
    [InlineData("7", "log.retention.ms", "1", "Unexpected broker id, expected 1, but received 7")]
    [InlineData("x", "log.retention.ms", "1", "Node id must be an integer, but it is: x")]
    public Task A_brokers_settings_are_checked_as_Kafka_does(string broker, string name, string value, string? message) =>
        Holds(ConfigResourceType.Broker, broker, name, 0, value, message is null ? ErrorCode.None : ErrorCode.InvalidRequest, message);

    [Theory]
    [InlineData("", 1, "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.")]
    [InlineData("1", 0, "Broker-level min.insync.replicas cannot be altered while ELR is enabled.")]
    public Task Eligible_leader_replicas_keep_their_minimum(string broker, int operation, string message) =>
        Holds(ConfigResourceType.Broker, broker, "min.insync.replicas", operation, "2", ErrorCode.InvalidConfig, message);

    [Theory]
    [InlineData("consumer.session.timeout.ms", "50000", null)]
    [InlineData("consumer.session.timeout.ms", "1", "consumer.session.timeout.ms must be in the range 45000 to 60000 inclusive.")]
    [InlineData("streams.num.standby.replicas", "100", "streams.num.standby.replicas must be less than or equal to 2")]
    [InlineData("share.auto.offset.reset", "by_duration:PT1H", null)]
    [InlineData("share.auto.offset.reset", "never",
        "Invalid value never for configuration share.auto.offset.reset: Invalid value `never` for configuration share.auto.offset.reset. The value must be "
        + "either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.")]
    [InlineData("bogus", "1", "Unknown group config name: bogus")]
    public Task A_groups_settings_are_checked_as_Kafka_does(string name, string value, string? message) =>
        Holds(ConfigResourceType.Group, "g", name, 0, value, message is null ? ErrorCode.None : ErrorCode.InvalidConfig, message);

    [Theory]
    [InlineData("m", "interval.ms", "1000", ErrorCode.None, null)]
    [InlineData("m", "interval.ms", "50", ErrorCode.InvalidRequest, "Invalid value 50 for interval.ms, interval must be between 100 and 3600000 (1 hour)")]
    [InlineData("m", "match", "client_id=[", ErrorCode.InvalidConfig, "Illegal client matching pattern: client_id=[")]
    [InlineData("m", "match", "nope=1", ErrorCode.InvalidConfig, "Illegal client matching pattern: nope=1")]
    [InlineData("m", "bogus", "1", ErrorCode.InvalidRequest, "Unknown client metrics configuration: bogus")]
    [InlineData("", "interval.ms", "1000", ErrorCode.InvalidRequest, "Subscription name can't be empty")]
    public Task A_subscription_is_checked_as_Kafka_does(string subscription, string name, string value, ErrorCode error, string? message) =>
        Holds(ConfigResourceType.ClientMetrics, subscription, name, 0, value, error, message);

    [Theory]
    [InlineData("1", "root", 0, "WARN", ErrorCode.None, null)]
    [InlineData("1", "root", 1, null, ErrorCode.InvalidRequest, "Removing the log level of the root logger is not allowed")]
    [InlineData("1", "root", 0, "bogus", ErrorCode.InvalidConfig,
        "Cannot set the log level of root to bogus as it is not a supported log level. Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN")]
    [InlineData("1", "nope", 0, "INFO", ErrorCode.InvalidConfig, "Logger nope does not exist!")]
    [InlineData("1", "root", 2, "INFO", ErrorCode.InvalidRequest, "APPEND operation is not allowed for the BROKER_LOGGER resource")]
    [InlineData("7", "root", 0, "INFO", ErrorCode.InvalidRequest, "Unexpected node id. Expected 1, but received 7")]
    public Task A_loggers_level_is_checked_as_Kafka_does(string node, string logger, int operation, string? level, ErrorCode error, string? message) =>
        Holds(ConfigResourceType.BrokerLogger, node, logger, operation, level, error, message);

    [Fact]
    public async Task Lists_grow_and_shrink_by_element()
    {
        await Ok("cleanup.policy", ConfigOperation.Append, "compact");
        Assert.Equal("delete,compact", await Value("cleanup.policy"));
        await Ok("cleanup.policy", ConfigOperation.Append, "compact,delete");
        await Ok("cleanup.policy", ConfigOperation.Subtract, "delete");
        Assert.Equal("compact", await Value("cleanup.policy"));
        await Ok("cleanup.policy", ConfigOperation.Delete, null);
        Assert.Equal("delete", await Value("cleanup.policy"));
    }

    [Fact]
    public async Task A_change_holds_at_once_for_the_log_and_a_validated_one_does_not()
    {
        var change = One(ConfigResourceType.Topic, "t", "max.message.bytes", 0, "100");
        change.ValidateOnly = true;
        Assert.Equal(ErrorCode.None, (await Ask(change)).ErrorCode);
        _ = await Records.Send(Client, "t", Records.Batch(20));
        change.ValidateOnly = false;
        Assert.Equal(ErrorCode.None, (await Ask(change)).ErrorCode);
        var refused = await Client.Ask<ProduceRequest, ProduceResponse>(Records.Produce("t", Records.Batch(20)), 12);
        Assert.Equal(ErrorCode.MessageTooLarge, refused.Responses[0].PartitionResponses[0].ErrorCode);
    }

    [Fact]
    public async Task A_resource_or_setting_named_twice_is_refused_and_another_resource_is_not()
    {
        var twice = One(ConfigResourceType.Topic, "t", "retention.ms", 0, "9");
        twice.Resources.Add(One(ConfigResourceType.Topic, "t", "segment.ms", 0, "9").Resources[0]);
        twice.Resources.Add(One(ConfigResourceType.Group, "g", "share.isolation.level", 0, "read_committed").Resources[0]);
        twice.Resources.Add(One(ConfigResourceType.Group, "h", "share.isolation.level", 0, "read_committed").Resources[0]);
        twice.Resources[3].Configs.Add(new() { Name = "share.isolation.level", Value = "read_committed" });
        var answers = (await Client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(twice, 1)).Responses;
        Assert.Equal(["Each resource must appear at most once.", "Each resource must appear at most once.", null, "Error due to duplicate config keys"],
            answers.Select(static a => a.ErrorMessage));
    }

    [Fact]
    public async Task Each_of_both_versions_names_the_resource_that_it_answers_for()
    {
        for (short version = 0; version <= 1; version++)
        {
            var request = One(ConfigResourceType.Topic, "t", "retention.ms", 0, $"{version + 5}");
            request.Resources.Add(One((ConfigResourceType)99, "u", "a", 0, "b").Resources[0]);
            var answers = (await Client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(request, version)).Responses;
            Assert.Equal([(ErrorCode.None, 2, "t"), (ErrorCode.InvalidRequest, 99, "u")],
                answers.Select(static answer => (answer.ErrorCode, (int)answer.ResourceType, answer.ResourceName)));
            Assert.Equal($"{version + 5}", await Value("retention.ms"));
        }
    }

    [Theory]
    [InlineData(ConfigResourceType.Topic, "t", ErrorCode.TopicAuthorizationFailed, "retention.ms", "1")]
    [InlineData(ConfigResourceType.Broker, "1", ErrorCode.ClusterAuthorizationFailed, "log.retention.ms", "1")]
    [InlineData(ConfigResourceType.BrokerLogger, "1", ErrorCode.ClusterAuthorizationFailed, "root", "INFO")]
    [InlineData(ConfigResourceType.Group, "g", ErrorCode.GroupAuthorizationFailed, "share.isolation.level", "read_committed")]
    [InlineData(ConfigResourceType.ClientMetrics, "m", ErrorCode.ClusterAuthorizationFailed, "interval.ms", "1000")]
    public async Task Who_may_not_alter_a_resource_is_told_so_for_it(ConfigResourceType type, string resource, ErrorCode error, string name, string value)
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.Operation == AclOperation.AlterConfigs;
        var refused = await node.Client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(One(type, resource, name, 0, value), 1);
        Assert.Equal((error, (sbyte)type, resource), (refused.Responses[0].ErrorCode, refused.Responses[0].ResourceType, refused.Responses[0].ResourceName));
    }

    private static IncrementalAlterConfigsRequest One(ConfigResourceType type, string resource, string name, int operation, string? value) => new()
    {
        Resources =
        {
            new() { ResourceType = (sbyte)type, ResourceName = resource,
                Configs = { new() { Name = name, ConfigOperation = (sbyte)operation, Value = value } } },
        },
    };

    private async Task Holds(ConfigResourceType type, string resource, string name, int operation, string? value, ErrorCode error, string? message)
    {
        var answer = await Ask(One(type, resource, name, operation, value));
        Assert.Equal((error, message), (answer.ErrorCode, answer.ErrorMessage));
    }

    private async Task Ok(string name, ConfigOperation operation, string? value) =>
        Assert.Equal(ErrorCode.None, (await Ask(One(ConfigResourceType.Topic, "t", name, (int)operation, value))).ErrorCode);

    private async Task<IncrementalAlterConfigsResponse.AlterConfigsResourceResponse> Ask(IncrementalAlterConfigsRequest request) =>
        Assert.Single((await Client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(request, 1)).Responses);

    private async Task<string?> Value(string name)
    {
        var request = new DescribeConfigsRequest { Resources = { new() { ResourceType = 2, ResourceName = "t", ConfigurationKeys = [name] } } };
        return Assert.Single((await Client.Ask<DescribeConfigsRequest, DescribeConfigsResponse>(request, 4)).Results[0].Configs).Value;
    }
}
