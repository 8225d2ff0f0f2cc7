using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>What a node says at its start of settings that ask for what it does not do, and why a start over its directories is refused.</summary>
public sealed class StartLinesTests
{
    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    /// <summary>Each wish that is not fulfilled is a warning that names the setting; what means the default, or is in effect, is none.</summary>
    [Theory]
    [InlineData("metric.reporters", "com.example.Reporter", "metric.reporters")]
    [InlineData("log.cleaner.threads", "4", "log.cleaner.threads", "not compacted yet")]
    [InlineData("ssl.keystore.location", "/keys", "ssl.keystore.location", "TLS is not served yet")]
    [InlineData("super.users", "User:a", "super.users", "authorizer")]
    [InlineData("confluent.license", "x", "confluent.license")]
    [InlineData("listener.name.plaintext.ssl.client.auth", "required", "listener.name.plaintext.ssl.client.auth", "TLS and SASL are not served yet")]
    [InlineData("kafkacompat.cluster.id", "another", "another", "only an empty directory takes")]
    [InlineData("kafkacompat.topics", "orders:2", "Topic orders exists and keeps its number of partitions, 1.", "kafkacompat.topics says 2")]
    [InlineData("log.cleanup.policy", "compact", "log.cleanup.policy=compact", "does not compact logs yet")]
    [InlineData("log.cleanup.policy", "compact,delete", "log.cleanup.policy=compact,delete", "does not compact logs yet")]
    [InlineData("log.cleanup.policy", "delete")]
    [InlineData("metrics.num.samples", "2")]
    [InlineData("num.partitions", "3")]
    [InlineData("controller.quorum.bootstrap.servers", "localhost:19094")]
    public async Task A_wish_that_is_not_fulfilled_is_told_at_the_start(string setting, string value, params string[] expected)
    {
        await (await Start(NullLoggerFactory.Instance, _files, ("kafkacompat.topics", "orders:1"))).DisposeAsync();
        var lines = new RecordedLines(LogLevel.Warning);
        await (await Start(lines, _files, (setting, value))).DisposeAsync();
        if (expected.Length == 0)
        {
            Assert.Empty(lines.Lines);
            return;
        }

        // A topic that is compacted has a line of its own.
        var line = Assert.Single(lines.Lines, static line => !line.StartsWith("Topic orders has cleanup.policy=", StringComparison.Ordinal));
        Assert.All(expected, text => Assert.Contains(text, line, StringComparison.Ordinal));
    }

    /// <summary>The catalogue decides which settings have no effect; every one of them is named when it is set to another value than its default.</summary>
    [Fact]
    public void Every_setting_without_effect_is_named()
    {
        var named = 0;
        foreach (
            var key in ConfigCatalog.Broker.Where(static key => key.Effect == ConfigEffect.NoEffect && key.Name is not "controller.quorum.bootstrap.servers"))
        {
            if (((string[])["true", "false", "7", "77", "a.B", "300000"])
                .FirstOrDefault(text => key.TryParse(text, out _, out _) && key.Render(text) != key.Render(key.Default)) is not { } other)
            {
                continue;
            }

            var groups = UnservedSettings.WithoutEffect(new Dictionary<string, string> { [key.Name] = other }).ToList();
            Assert.True(groups is [var one] && one.Single() == key.Name && one.Key.Length > 0, key.Name);
            named++;
        }

        Assert.True(named > 200, $"{named}");
    }

    [Fact]
    public async Task A_metadata_directory_that_cannot_be_locked_is_named_with_what_it_holds()
    {
        await (await Start(NullLoggerFactory.Instance, _files)).DisposeAsync();
        var broken = new HookedFileStore(_files)
        {
            Before = static (operation, path) =>
            {
                if (operation == nameof(IFileStore.CreateFolder) && path == "/data") throw new IOException("Read-only file system");
            },
        };
        var refused = await Assert.ThrowsAsync<QuorumStateException>(() => Start(NullLoggerFactory.Instance, broken));
        Assert.Contains("/data, which holds the metadata log, cannot be used: Read-only file system", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_metadata_log_of_no_voter_is_refused_with_where_voters_stand()
    {
        var records = DirectoryFormat.NewClusterFeatures;
        DirectoryFormat.Format(_files, ["/data"], "/data", new FormatSettings(1, TestNode.ClusterId, null) { Records = records },
            TimeProvider.System.GetUtcNow(), new Random(1));
        var refused = await Assert.ThrowsAsync<QuorumStateException>(() => Start(NullLoggerFactory.Instance, _files));
        Assert.Equal(
            "The metadata log names no voters, and controller.quorum.voters is not set. A cluster that was formatted with controller.quorum.voters needs "
            + "that setting at every start.", refused.Message);
    }

    private static Task<BrokerNode> Start(ILoggerFactory logs, IFileStore files, params (string Name, string Value)[] settings) =>
        BrokerNode.StartAsync(TestNode.ConfigOf(settings), files, TimeProvider.System, new Random(5), logs);
}
