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
    [InlineData("zookeeper.connect", "x", "Setting zookeeper.connect is gone: Apache Kafka has no ZooKeeper since 4.0")]
    [InlineData("inter.broker.protocol.version", "3.6", "Setting inter.broker.protocol.version is gone")]
    [InlineData("log.message.format.version", "3.0", "Setting log.message.format.version is gone")]
    [InlineData("kafkacompat.http.listner", "none", "Unknown setting kafkacompat.http.listner; did you mean kafkacompat.http.listener?")]
    [InlineData("kafkacompat.http.listener", "127.0.0.1:9093",
        "kafkacompat.http.listener and listeners cannot have one port: HTTP://127.0.0.1:9093 and CONTROLLER://:9093")]
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
    [InlineData("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "requests are not authorized yet")]
    [InlineData("create.topic.policy.class.name", "com.example.Policy", "is not served: it names a Java class")]
    [InlineData("remote.log.storage.system.enable", "true", "tiered storage is not served yet")]
    [InlineData("", "oops", "A line of the settings has no name before its '='.")]
    [InlineData("kafkacompat.log.write.behind.bytes", "-1", "Not a number of bytes from 0 on")]
    [InlineData("kafkacompat.cluster.id", " ", "It is empty")]
    [InlineData("broker.rack", "LONG", "broker.rack has 40000 bytes")]
    [InlineData("listeners", "PLAINTEXT://:-1,CONTROLLER://:9093", "The listener PLAINTEXT://:-1 cannot be bound")]
    [InlineData("advertised.listeners", "PLAINTEXT://a:1,PLAINTEXT://b:2", "Each listener must have a different name")]
    [InlineData("advertised.listeners", "PLAINTEXT://a:-1", "advertised.listeners advertises PLAINTEXT://a:-1")]
    [InlineData("metadata.log.dir", "", "metadata.log.dir is empty")]
    [InlineData("log.dirs", "/a\0b", "log.dirs has a null character in a path")]
    [InlineData("log.cleaner.threads", "0", "Value must be at least 1")]
    [InlineData("controller.quorum.voters", "1@a:9093,2@b:9093,3@c:9093", "controller.quorum.voters names 3 voters")]
    [InlineData("cordoned.log.dirs", "/nowhere", "All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : /nowhere")]
    [InlineData("cordoned.log.dirs", "*,/data", "When cordoned.log.dirs is set to *, it must not contain other values")]
    [InlineData("log.cleaner.dedupe.buffer.size", "1048576", "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.")]
    [InlineData("log.retention.ms", "0", "log.retention.ms must be unlimited (-1) or, greater than or equal to 1")]
    [InlineData("log.flush.interval.ms", "-1", "Invalid value -1 for configuration log.flush.interval.ms: Value must be at least 0")]
    [InlineData("log.flush.scheduler.interval.ms", "-1", "Invalid value -1 for configuration log.flush.scheduler.interval.ms: Value must be at least 0")]
    [InlineData("log.roll.jitter.ms", "-1", "Invalid value -1 for configuration log.roll.jitter.ms: Value must be at least 0")]
    [InlineData("group.consumer.min.session.timeout.ms", "50000",
        "group.consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms")]
    [InlineData("group.consumer.session.timeout.ms", "1000",
        "group.consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms")]
    [InlineData("group.consumer.max.heartbeat.interval.ms", "4000",
        "group.consumer.max.heartbeat.interval.ms must be greater than or equal to group.consumer.min.heartbeat.interval.ms")]
    [InlineData("group.consumer.assignment.interval.ms", "20000",
        "group.consumer.assignment.interval.ms must be less than or equal to group.consumer.max.assignment.interval.ms")]
    [InlineData("group.share.heartbeat.interval.ms", "50000",
        "group.share.heartbeat.interval.ms must be less than or equal to group.share.max.heartbeat.interval.ms")]
    [InlineData("group.streams.num.standby.replicas", "3",
        "group.streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas")]
    [InlineData("group.streams.task.offset.interval.ms", "1000",
        "group.streams.task.offset.interval.ms must be greater than or equal to group.streams.min.task.offset.interval.ms")]
    public void What_Kafka_refuses_is_refused_in_one_line(string name, string value, string expected)
    {
        var refused =
            Assert.Throws<ConfigurationException>(() => With(new KeyValuePair<string, string>(name, value == "LONG" ? new string('r', 40_000) : value)));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.All(refused.Problems, static problem => Assert.DoesNotContain('\n', problem.Message));
        Assert.Distinct(refused.Problems.Select(static problem => problem.Message));
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
        Assert.Equal(new() { ["measurements"] = "metric.reporters,metrics.num.samples", ["each"] = "queued.max.requests", ["logs"] = "log.cleaner.threads" },
            named);
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
            new("advertised.listeners", "EXTERNAL://kafka.example:19094,INTERNAL://:9092"),
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
    public void Variables_that_have_no_effect_are_named()
    {
        var found = EnvironmentSettings.WithoutEffect(
        [
            new("KAFKA_NUM_PARTITION", "1"), new("KAFKA_LOG_LEVEL", "INFO"), new("KAFKA_HEAP_OPTS", "-Xmx1G"), new("KAFKA_SERVICE_HOST", "10.0.0.1"),
            new("KAFKA_PORT", "tcp://10.0.0.1:9092"),
            new("KAFKA_LOG_DIRS", "/data"), new("NUM_PARTITION", "1"), new("KAFKA_FOO_BAR", "1"), new("KAFKA_ZOOKEEPER_CONNECT", "z:2181"),
            new("KAFKA_CLIENT_PASSWORDS", "secret"),
            new("KAFKA_KAFKACOMPAT_HTTP_LISTNER", "none"),
        ]);
        Assert.Equal(
            [
                "KAFKA_CLIENT_PASSWORDS has no effect: SASL is not served yet, so clients are not asked for a password.",
                "KAFKA_FOO_BAR names no setting and is left alone.",
                "KAFKA_KAFKACOMPAT_HTTP_LISTNER names no setting and is left alone; did you mean the one for kafkacompat.http.listener?",
                "KAFKA_NUM_PARTITION names no setting and is left alone; did you mean the one for num.partitions?",
                "KAFKA_ZOOKEEPER_CONNECT has no effect. " + RemovedSettings.Hint("zookeeper.connect"),
            ],
            found);
    }

    [Fact]
    public void Of_two_variables_for_one_setting_that_of_Kafkas_own_image_counts()
    {
        KeyValuePair<string, string>[] variables =
        [
            new("KAFKA_BROKER_ID", "1"), new("KAFKA_CFG_BROKER_ID", "2"), new("KAFKA_CFG_LOG_DIRS", "/a"), new("KAFKA_CFG_NUM_PARTITIONS", "3"),
            new("KAFKA_LOG_DIRS", "/b"), new("KAFKA_NUM_PARTITIONS", "3"), new("CLUSTER_ID", "x"), new("KAFKA_KRAFT_CLUSTER_ID", "y"),
        ];
        Assert.Equal(
            [
                "KAFKA_CFG_BROKER_ID has no effect: KAFKA_BROKER_ID sets broker.id too, and counts.",
                "KAFKA_CFG_LOG_DIRS has no effect: KAFKA_LOG_DIRS sets log.dirs too, and counts.",
                "KAFKA_KRAFT_CLUSTER_ID has no effect: CLUSTER_ID sets kafkacompat.cluster.id too, and counts.",
            ],
            EnvironmentSettings.WithoutEffect(variables));
        var counting = EnvironmentSettings.From(variables).GroupBy(static entry => entry.Key).ToDictionary(
            static entries => entries.Key, static entries => entries.Last().Value, StringComparer.Ordinal);
        Assert.Equal(("1", "/b", "x"), (counting["broker.id"], counting["log.dirs"], counting["kafkacompat.cluster.id"]));
    }

    /// <summary>A variable of a setting that is gone does not end a start, whichever image spelled it, and is named with what to do.</summary>
    [Fact]
    public void A_removed_setting_has_one_hint_in_both_spellings()
    {
        foreach (
            var name in (string[])["zookeeper.connect", "zookeeper.session.timeout.ms", "inter.broker.protocol.version", "log.message.format.version",
            "delegation.token.master.key", "port", "host.name", "advertised.host.name"])
        {
            foreach (var prefix in (string[])["KAFKA_", "KAFKA_CFG_"])
            {
                var variable = prefix + name.Replace('.', '_').ToUpperInvariant();
                Assert.Equal($"{variable} has no effect. {RemovedSettings.Hint(name)}", Assert.Single(EnvironmentSettings.WithoutEffect([new(variable, "x")])));
                Assert.Empty(EnvironmentSettings.Entries([new(variable, "x")]));
            }
        }
    }

    /// <summary>The prefix is Kafka's, and the settings' own names begin with another one.</summary>
    [Fact]
    public void Variables_of_our_own_settings_without_Kafkas_prefix_are_named()
    {
        KeyValuePair<string, string>[] variables =
        [
            new("KAFKACOMPAT_HTTP_LISTENER", "none"), new("KAFKACOMPAT_HTTP_LISTNER", "none"), new("KAFKACOMPAT_TOPICS", "a"),
            new("KAFKACOMPAT_SERVICE_HOST", "10.0.0.1"), new("KAFKACOMPAT_PORT", "tcp://10.0.0.1:9092"), new("KAFKACOMPAT", "x"),
            new("KAFKA_KAFKACOMPAT_TOPICS", "a"),
        ];
        Assert.Equal(
            [
                "KAFKACOMPAT_HTTP_LISTENER names no setting and is left alone; did you mean KAFKA_KAFKACOMPAT_HTTP_LISTENER?",
                "KAFKACOMPAT_HTTP_LISTNER names no setting and is left alone; did you mean KAFKA_KAFKACOMPAT_HTTP_LISTENER?",
                "KAFKACOMPAT_TOPICS names no setting and is left alone; did you mean KAFKA_KAFKACOMPAT_TOPICS?",
            ],
            EnvironmentSettings.WithoutEffect(variables));
        Assert.Equal(["kafkacompat.topics"], EnvironmentSettings.Entries(variables).Select(static entry => entry.Name));
    }

    [Fact]
    public void Variables_of_Bitnamis_image_are_read_as_there()
    {
        var found = EnvironmentSettings.From(
        [
            new("KAFKA_CFG_NODE_ID", "0"), new("KAFKA_CFG_SASL_MECHANISM_INTER_BROKER_PROTOCOL", "PLAIN"),
            new("KAFKA_CFG_LISTENER_NAME_SASL_SSL_MAX_CONNECTIONS", "5"),
            new("KAFKA_KRAFT_CLUSTER_ID", "abcdefghijklmnopqrstuv"), new("KAFKA_CFG_NO_SUCH", "1"),
        ]).ToDictionary();
        Assert.Equal(
            ["listener.name.sasl_ssl.max.connections", "node.id", "no.such", "sasl.mechanism.inter.broker.protocol", "kafkacompat.cluster.id"], found.Keys);
        Assert.Contains("Unknown setting no.such",
            Assert.Throws<ConfigurationException>(() => With([.. found.Where(static pair => pair.Key == "no.such")])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MkU3OEVBNTcwNTJENDM2Qk")]
    [InlineData("ciWo7IWazngRchmPES6q5A==")]
    [InlineData("my-cluster")]
    public void Any_cluster_id_that_Kafka_formats_with_is_taken(string id) =>
        Assert.Equal(id, With(new KeyValuePair<string, string>("kafkacompat.cluster.id", id)).ClusterId);

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once()
    {
        var refused = Assert.Throws<ConfigurationException>(() => With(
            new("num.partitions", "many"), new("unknown1", "1"), new("unknown2", "2"), new("zookeeper.connect", "z"), new("authorizer.class.name", "a.B"),
            new("log.retention.ms", "0"),
            new("listeners", "SSL://:9092,PLAINTEXT://:9094,CONTROLLER://:9093"), new("kafkacompat.log.format", "xml")));
        Assert.Equal(
            ["authorizer.class.name", "kafkacompat.log.format", "listeners", "log.retention.ms", "num.partitions", "unknown1", "unknown2", "zookeeper.connect"],
            refused.Problems.Select(static problem => problem.Settings[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_broker_id_stands_for_a_node_id()
    {
        var config = ServerConfig.Create([.. Least.Where(static pair => pair.Key != "node.id"), new("broker.id", "7")], "here");
        Assert.Equal(7, config.NodeId);
    }

    [Fact]
    public void No_setting_that_is_gone_is_one_of_Kafka_4_4() =>
        Assert.DoesNotContain(RemovedSettings.Names, KnownSettings.Contains);

    [Fact]
    public void Properties_are_ISO_8859_1_with_their_lines()
    {
        var pairs = ConfigProperties.Parse([0xef, 0xbb, 0xbf, .. "a=caf"u8, 0xe9, .. "\r\n# x\rb=\\u65e5\\\n  c\n"u8, .. "d=é"u8], "f");
        Assert.Equal([new("a", "café", "f:1"), new("b", "日c", "f:3"), new ConfigEntry("d", "Ã©", "f:5")], pairs);
        Assert.Contains("(f:2)", Assert.Throws<ConfigurationException>(() => ConfigProperties.Parse("a=1\nb=\\u12x4"u8, "f")).Message,
            StringComparison.Ordinal);
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
        var refused =
            Assert.Throws<ConfigurationException>(() => TestNode.ConfigOf(("queued.max.request.bytes", "1999"), ("socket.request.max.bytes", "2000")));
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
