using System.Text.Json;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Server.Logging;
using KafkaCompat.Server.Surroundings;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Server.Tests.Logging;

/// <summary>The log as JSON: each event is an object on one line, whatever is in it.</summary>
public sealed partial class JsonLogTests
{
    [Fact]
    public void A_level_that_there_is_not_is_refused_in_one_line()
    {
        Assert.Equal((LogLevel.Warning, LogLevel.Debug), (ConsoleLoggerFactory.LevelOf(null), ConsoleLoggerFactory.LevelOf("debug")));
        Assert.Equal(
            "KAFKA_LOG_LEVEL is Information. It can be TRACE, DEBUG, INFO, WARN, ERROR, FATAL or OFF.",
            Assert.Throws<ConfigurationException>(static () => ConsoleLoggerFactory.LevelOf("Information")).Message);
    }

    [Fact]
    public void An_event_is_an_object_with_its_values()
    {
        var json = Assert.Single(Lines(static logger => HostLogMessages.NotDrained(logger, 3, 2_000)));
        Assert.Equal("WARN", json.GetProperty("level").GetString());
        Assert.Equal("kafkacompat.test", json.GetProperty("logger").GetString());
        Assert.Equal("NotDrained", json.GetProperty("event").GetString());
        Assert.Equal(105, json.GetProperty("id").GetInt32());
        Assert.Equal("Resetting the connections that are still open 2000 ms after the stop began: 3", json.GetProperty("message").GetString());
        Assert.Equal(3, json.GetProperty("values").GetProperty("Count").GetInt32());
        Assert.Equal(TimeSpan.Zero, json.GetProperty("time").GetDateTimeOffset().Offset);
    }

    [Fact]
    public void Line_ends_quotes_and_exceptions_stay_on_the_line()
    {
        var json = Assert.Single(Lines(static logger => Odd(logger, new InvalidOperationException("two\nlines"), "a \"quoted\"\r\nname \ud83d\ude00")));
        Assert.Equal("a \"quoted\"\r\nname \ud83d\ude00 is odd", json.GetProperty("message").GetString());
        Assert.Contains("two\nlines", json.GetProperty("exception").GetString(), StringComparison.Ordinal);
    }

    /// <summary>As in a line of text: the message of a disk or a file says all, and a fault of the program has its stack.</summary>
    [Fact]
    public void A_failure_of_files_has_no_stack_here_either()
    {
        Assert.Equal("No space left on device", Told(new IOException("No space left on device")));
        Assert.StartsWith("System.InvalidOperationException: odd", Told(new InvalidOperationException("odd")), StringComparison.Ordinal);
        Assert.StartsWith("System.IO.EndOfStreamException: short", Told(new EndOfStreamException("short")), StringComparison.Ordinal);

        static string Told(Exception failure) => Assert.Single(Lines(logger => Odd(logger, failure, "a"))).GetProperty("exception").GetString()!;
    }

    [Fact]
    public void Half_a_character_does_not_break_a_line() =>
        Assert.EndsWith(" is odd", Assert.Single(Lines(static logger => Odd(logger, null, "\ud800"))).GetProperty("message").GetString(),
            StringComparison.Ordinal);

    private static List<JsonElement> Lines(Action<ILogger> log)
    {
        var output = new StringWriter { NewLine = "\n" };
        using (var logs = new ConsoleLoggerFactory(output, LogLevel.Information, TimeProvider.System, LogFormat.Json))
        {
            log(logs.CreateLogger("kafkacompat.test"));
        }

        return [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];
    }

    [LoggerMessage(1, LogLevel.Error, "{Name} is odd")]
    private static partial void Odd(ILogger logger, Exception? exception, string name);
}
