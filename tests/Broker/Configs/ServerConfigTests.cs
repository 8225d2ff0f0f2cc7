using KafkaCompat.Broker.Configs;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Configs;

public sealed class ServerConfigTests
{
    private static readonly KeyValuePair<string, string>[] Least =
    [
        new("process.roles", "broker,controller"),
        new("node.id", "1"),
        new("controller.quorum.bootstrap.servers", "localhost:9093"),
        new("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
        new("controller.listener.names", "CONTROLLER"),
    ];

    [Fact]
    public void The_smallest_file_that_Kafka_takes_is_taken()
    {
        var config = With();
        Assert.Equal(1, config.NodeId);
        Assert.Equal(["/tmp/kafka-logs"], config.LogDirs);
        Assert.Equal("PLAINTEXT", config.Listeners.InterBrokerName);
        Assert.Equal("PLAINTEXT://here:9092", Assert.Single(config.Listeners.AdvertisedOfBroker).ToString());
        Assert.Equal("CONTROLLER://:9093", Assert.Single(config.Listeners.OfController).ToString());
    }

    [Fact]
    public void The_reference_configuration_is_taken()
    {
        var text = File.ReadAllText(KafkaReference.Require("server.properties"));
        var config = ServerConfig.Create(ConfigProperties.Parse(text), "here");
        Assert.Equal(["kafka-data"], config.LogDirs);
        Assert.Equal(1, config.GetShort("offsets.topic.replication.factor"));
        Assert.Equal("PLAINTEXT://localhost:9092", Assert.Single(config.Listeners.AdvertisedOfBroker).ToString());
    }

    [Theory]
    [InlineData("log.dir", "", "must not be empty")]
    [InlineData("num.partitions", "0", "Invalid value 0 for configuration num.partitions: Value must be at least 1")]
    [InlineData("num.partitions", "many", "Not a number of type INT")]
    [InlineData("auto.create.topics.enable", "maybe", "Expected value to be either true or false")]
    [InlineData("num.partition", "3", "Unknown setting num.partition; did you mean num.partitions?")]
    [InlineData("zookeeper.connect", "x", "Unknown setting zookeeper.connect")]
    [InlineData("listeners", "PLAINTEXT://:9092,PLAINTEXT://:9094,CONTROLLER://:9093", "Each listener must have a different name")]
    [InlineData("listeners", "PLAINTEXT://:9092,SSL://:9092,CONTROLLER://:9093", "Each listener must have a different port")]
    [InlineData("listeners", "PLAINTEXT://:9092,OTHER://:9094,CONTROLLER://:9093", "No security protocol defined for listener OTHER")]
    [InlineData("listeners", "PLAINTEXT:9092,CONTROLLER://:9093", "Unable to parse PLAINTEXT:9092 to a broker endpoint")]
    [InlineData("listeners", "PLAINTEXT://:9092", "must contain at least one value appearing in the 'listeners' configuration")]
    [InlineData("listeners", "PLAINTEXT://:9092,SSL://:9094,CONTROLLER://:9093", "uses SSL, which is not served yet")]
    [InlineData("advertised.listeners", "PLAINTEXT://0.0.0.0:9092", "nonroutable meta-address 0.0.0.0")]
    [InlineData("advertised.listeners", "SSL://h:9092", "must be equal to or a subset of the ones defined in listeners")]
    [InlineData("inter.broker.listener.name", "OTHER", "must be a listener name defined in advertised.listeners")]
    [InlineData("inter.broker.listener.name", "CONTROLLER", "must not be an explicitly set controller.listener.names value")]
    [InlineData("listener.security.protocol.map", "PLAINTEXT:NONE", "is not NAME:PROTOCOL")]
    [InlineData("process.roles", "broker,zookeeper", "String must be one of: broker, controller")]
    [InlineData("broker.id", "7", "same value as `broker.id`")]
    [InlineData("controller.quorum.voters", "2@localhost:9093", "must be included in the set of voters")]
    [InlineData("controller.quorum.voters", "nobody", "Each entry should be in the form")]
    [InlineData("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "requests are not authorized here")]
    [InlineData("create.topic.policy.class.name", "com.example.Policy", "is not served: it names a Java class")]
    [InlineData("remote.log.storage.system.enable", "true", "there is no tiered storage here")]
    [InlineData("", "oops", "A line of the settings has no name before its '=': =oops")]
    [InlineData("kafkacompat.log.write.behind.bytes", "-1", "Not a number of bytes from 0 on")]
    [InlineData("kafkacompat.cluster.id", "short", "Not an id of 22 characters")]
    [InlineData("cordoned.log.dirs", "/nowhere", "All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : /nowhere")]
    [InlineData("cordoned.log.dirs", "*,/data", "When cordoned.log.dirs is set to *, it must not contain other values")]
    [InlineData("log.cleaner.dedupe.buffer.size", "1048576", "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.")]
    [InlineData("log.cleanup.policy", "delete,delete", "Configuration 'log.cleanup.policy' values must not be duplicated.")]
    [InlineData("log.retention.ms", "0", "log.retention.ms must be unlimited (-1) or, greater than or equal to 1")]
    [InlineData("log.flush.interval.ms", "-1", "Invalid value -1 for configuration flush.ms: Value must be at least 0")]
    [InlineData("log.flush.scheduler.interval.ms", "-1", "Invalid value -1 for configuration flush.ms: Value must be at least 0")]
    [InlineData("log.roll.jitter.ms", "-1", "log.roll.jitter.ms must be greater than or equal to 0")]
    [InlineData("group.consumer.min.session.timeout.ms", "50000", "group.consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms")]
    [InlineData("group.consumer.session.timeout.ms", "1000", "group.consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms")]
    [InlineData("group.consumer.max.heartbeat.interval.ms", "4000", "group.consumer.max.heartbeat.interval.ms must be greater than or equal to group.consumer.min.heartbeat.interval.ms")]
    [InlineData("group.consumer.assignment.interval.ms", "20000", "group.consumer.assignment.interval.ms must be less than or equal to group.consumer.max.assignment.interval.ms")]
    [InlineData("group.share.heartbeat.interval.ms", "50000", "group.share.heartbeat.interval.ms must be less than or equal to group.share.max.heartbeat.interval.ms")]
    [InlineData("group.streams.num.standby.replicas", "3", "group.streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas")]
    [InlineData("group.streams.task.offset.interval.ms", "1000", "group.streams.task.offset.interval.ms must be greater than or equal to group.streams.min.task.offset.interval.ms")]
    public void What_Kafka_refuses_is_refused_in_one_line(string name, string value, string expected)
    {
        var refused = Assert.Throws<ConfigurationException>(() => With(new KeyValuePair<string, string>(name, value)));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void A_group_s_heartbeats_come_before_its_session_ends()
    {
        var refused = Assert.Throws<ConfigurationException>(() => With(
            new("group.consumer.max.heartbeat.interval.ms", "60000"), new("group.consumer.heartbeat.interval.ms", "50000")));
        Assert.Equal("group.consumer.heartbeat.interval.ms must be less than group.consumer.session.timeout.ms", refused.Message);
    }

    /// <summary>What is written otherwise and means the default asks for nothing.</summary>
    [Theory]
    [InlineData("remote.log.storage.system.enable", " False ")]
    [InlineData("principal.builder.class", "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder ")]
    [InlineData("authorizer.class.name", "")]
    public void A_setting_that_is_not_served_can_have_its_default(string name, string value) =>
        Assert.Equal(value, With(new KeyValuePair<string, string>(name, value)).GetText(name));

    /// <summary>Whoever set them hears of it, by the reason; what is set to its default, is in effect or is checked against others is not among them.</summary>
    [Fact]
    public void Settings_without_effect_that_are_set_are_known()
    {
        var config = With(
            new("metric.reporters", "com.example.Reporter"), new("metrics.num.samples", "3"), new("num.io.threads", "8"), new("queued.max.requests", "10"),
            new("num.partitions", "3"), new("log.cleaner.threads", "2"));
        var named = UnservedSettings.WithoutEffect(config).ToDictionary(static group => group.Key.Split(' ')[0], static group => string.Join(',', group));
        Assert.Equal(new() { ["measurements"] = "metric.reporters,metrics.num.samples", ["each"] = "queued.max.requests" }, named);
    }

    [Theory]
    [InlineData("process.roles")]
    [InlineData("node.id")]
    [InlineData("controller.listener.names")]
    public void Required_settings_are_required(string name)
    {
        var refused = Assert.Throws<ConfigurationException>(() => ServerConfig.Create(Least.Where(pair => pair.Key != name), "here"));
        Assert.Equal($"Missing required configuration \"{name}\" which has no default value.", refused.Message);
    }

    [Fact]
    public void Named_listeners_map_to_their_protocol_and_are_advertised_as_told()
    {
        var config = With(
            new("listeners", "INTERNAL://:9092,EXTERNAL://[::]:9094,CONTROLLER://localhost:9093"),
            new("listener.security.protocol.map", "INTERNAL:PLAINTEXT,external:plaintext,CONTROLLER:PLAINTEXT"),
            new("advertised.listeners", "EXTERNAL://kafka.example:19094"),
            new("inter.broker.listener.name", "internal"));
        Assert.Equal(["EXTERNAL://kafka.example:19094", "INTERNAL://here:9092"], config.Listeners.AdvertisedOfBroker.Select(e => e.ToString()));
        Assert.Equal(["INTERNAL://:9092", "EXTERNAL://[::]:9094"], config.Listeners.OfBroker.Select(e => e.ToString()));
        Assert.Equal("INTERNAL", config.Listeners.InterBrokerName);
    }

    [Fact]
    public void Settings_of_plug_ins_pass()
    {
        var config = With(new("listener.name.plaintext.max.connections", "5"), new("super.users", "User:admin"), new("rsm.config.bucket", "b"));
        Assert.True(config.IsSet("super.users"));
    }

    [Fact]
    public void Variables_of_the_environment_are_named_as_in_Kafkas_image()
    {
        var found = EnvironmentSettings.From(
        [
            new("KAFKA_LOG_DIRS", "/data"),
            new("KAFKA_NODE_ID", "3"),
            new("KAFKA_LISTENER_NAME_A__B_SSL___X", "v"),
            new("KAFKA_HOME", "/opt/kafka"),
            new("KAFKA_HEAP_OPTS", "-Xmx1G"),
            new("KAFKA_OPTS", "-D"),
            new("KAFKA_REFERENCE", "/r"),
            new("KAFKA_SERVICE_HOST", "10.0.0.1"),
            new("PATH", "/bin"),
        ]);
        Assert.Equal(
            [new("listener.name.a_b.ssl-x", "v"), new("log.dirs", "/data"), new KeyValuePair<string, string>("node.id", "3")],
            found);
    }

    [Fact]
    public void A_cluster_id_comes_from_the_variable_of_Kafkas_image()
    {
        var config = ServerConfig.Create([.. Least, .. EnvironmentSettings.From([new("CLUSTER_ID", "4L6g3nShT-eMCtK--X86sw")])], "here");
        Assert.Equal("4L6g3nShT-eMCtK--X86sw", config.ClusterId);
        Assert.Null(With().ClusterId);
    }

    [Fact]
    public void Variables_that_nearly_name_a_setting_are_pointed_out()
    {
        var found = EnvironmentSettings.Misspelt(["KAFKA_NUM_PARTITION", "KAFKA_LOG_LEVEL", "KAFKA_HEAP_OPTS", "KAFKA_SERVICE_HOST", "KAFKA_LOG_DIRS", "NUM_PARTITION"]);
        Assert.Equal([("KAFKA_NUM_PARTITION", "num.partitions")], found);
    }

    [Fact]
    public void Settings_of_a_guard_that_are_its_default_guard_nothing()
    {
        var config = With(new("authorizer.class.name", ""), new("remote.log.storage.system.enable", "false"));
        Assert.True(config.IsSet("authorizer.class.name"));
    }

    [Fact]
    public void Properties_are_read_as_Java_reads_them()
    {
        var pairs = ConfigProperties.Parse(
            """
            # a comment
              ! another = one
            plain=value
            spaced   =   value with spaces  
            colon:value
            blank value
            empty=
            lonely
            path=C\:\\dir\ttab
            key\=with\:marks=x
            unicode=\u00e9
            list=a,\
                 b,\
              c
            backslash=\\
            plain=last
            """);
        Assert.Equal(
            [
                new("plain", "value"), new("spaced", "value with spaces  "), new("colon", "value"), new("blank", "value"), new("empty", ""), new("lonely", ""),
                new("path", "C:\\dir\ttab"), new("key=with:marks", "x"), new("unicode", "\u00e9"), new("list", "a,b,c"), new("backslash", "\\"),
                new KeyValuePair<string, string>("plain", "last"),
            ],
            pairs);
    }

    [Fact]
    public void All_requests_together_may_take_no_less_than_the_largest_one()
    {
        var refused = Assert.Throws<ConfigurationException>(() => TestNode.ConfigOf(("queued.max.request.bytes", "1999"), ("socket.request.max.bytes", "2000")));
        Assert.Contains("queued.max.request.bytes must be larger or equal to socket.request.max.bytes", refused.Message, StringComparison.Ordinal);
        _ = TestNode.ConfigOf(("queued.max.request.bytes", "2000"), ("socket.request.max.bytes", "2000"));
        _ = TestNode.ConfigOf(("queued.max.request.bytes", "0"));
    }

    [Fact]
    public void A_value_over_thousands_of_lines_costs_no_more_than_its_length()
    {
        const int Lines = 20_000;
        var text = $"key={string.Concat(Enumerable.Repeat("x\\\n", Lines))}y";
        var before = GC.GetAllocatedBytesForCurrentThread();
        var pair = Assert.Single(ConfigProperties.Parse(text));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(new string('x', Lines) + "y", pair.Value);
        // Joined line by line it would be 400 MB.
        Assert.InRange(allocated, 0, 100 * text.Length);
    }

    [Fact]
    public void A_topics_settings_come_from_itself_else_the_node_else_Kafka()
    {
        var config = With(new("log.retention.hours", "2"), new("log.segment.bytes", "2097152"), new("log.cleanup.policy", "compact"));
        var topic = TopicConfig.Create(config, new Dictionary<string, string> { ["segment.bytes"] = "1048576" });
        Assert.Equal(7_200_000, topic.RetentionMs);
        Assert.Equal(1_048_576, topic.SegmentBytes);
        Assert.True(topic.IsCompacted);
        Assert.Equal(1_048_588, topic.MaxMessageBytes);
        Assert.Equal("7200000", topic.Text("retention.ms", out var origin, out var brokerName));
        Assert.Equal((TopicConfigOrigin.Broker, "log.retention.hours"), (origin, brokerName));
        topic.Text("segment.bytes", out origin, out _);
        Assert.Equal(TopicConfigOrigin.Topic, origin);
        topic.Text("flush.ms", out origin, out _);
        Assert.Equal(TopicConfigOrigin.Default, origin);
        Assert.Equal("Unknown topic config name: retention", TopicConfig.Check("retention", "1"));
    }

    [Fact]
    public void A_directory_is_cordoned_by_its_whole_path_or_with_all()
    {
        Assert.True(With(new("log.dirs", "/data,/spare"), new("cordoned.log.dirs", "/spare")).IsCordoned("/spare"));
        Assert.False(With(new("log.dirs", "/data,/spare"), new("cordoned.log.dirs", "/spare")).IsCordoned("/data"));
        Assert.True(With(new("log.dirs", "data,spare"), new("cordoned.log.dirs", "*")).IsCordoned("spare"));
        // Apache Kafka knows its directories by their whole paths and takes the entry nevertheless.
        Assert.False(With(new("log.dirs", "data,spare"), new("cordoned.log.dirs", "spare")).IsCordoned("spare"));
    }

    private static ServerConfig With(params KeyValuePair<string, string>[] more) => ServerConfig.Create([.. Least, .. more], "here");
}
