using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.Logging;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Server.Tests.Logging;

/// <summary>The log as text: one line an event, whatever is in it, and what the journal of systemd makes of it.</summary>
public sealed partial class LogTextTests
{
    [Theory]
    [InlineData("a name", "a name")]
    [InlineData("a\nFATAL kafkacompat: b", "a\\nFATAL kafkacompat: b")]
    [InlineData("\u001b[2J\r\t\u2028", "\\u001b[2J\\r\\t\\u2028")]
    public void A_client_cannot_begin_a_line_of_its_own(string name, string expected)
    {
        var line = Assert.Single(Lines(default, logger => Odd(logger, null, name)));
        Assert.EndsWith($" ERROR test: {expected} is odd", line, StringComparison.Ordinal);
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2} ", line);
    }

    [Fact]
    public void The_journal_gets_levels_and_no_times_on_every_line()
    {
        var lines = Lines(new LinePrefix(IsJournal: true), static logger => Odd(logger, new InvalidOperationException("one\ntwo"), "name"));
        Assert.Equal(["<3>test: name is odd", "<3>System.InvalidOperationException: one", "<3>two"], lines);
    }

    [Theory]
    [InlineData("ssl.keystore.password", "x", "[hidden]")]
    [InlineData("listener.name.sasl.plain.sasl.jaas.config", "x", "[hidden]")]
    [InlineData("delegation.token.secret.key", "x", "[hidden]")]
    [InlineData("confluent.license", "x", "[hidden]")]
    [InlineData("kafkacompat.topics", "orders:3", "orders:3")]
    [InlineData("num.partitions", "3", "3")]
    public void Secrets_are_not_shown(string name, string value, string expected) => Assert.Equal(expected, SettingsText.Shown(name, value));

    private static string[] Lines(LinePrefix prefix, Action<ILogger> log)
    {
        var output = new StringWriter { NewLine = "\n" };
        using (var logs = new ConsoleLoggerFactory(output, LogLevel.Information, TimeProvider.System) { Prefix = prefix })
        {
            log(logs.CreateLogger("kafkacompat.test"));
        }

        return output.ToString().TrimEnd().Split('\n');
    }

    [LoggerMessage(1, LogLevel.Error, "{Name} is odd")]
    private static partial void Odd(ILogger logger, Exception? exception, string name);
}
