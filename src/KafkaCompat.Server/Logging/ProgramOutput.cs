using System.Globalization;
using KafkaCompat.Broker.Logging;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Logging;

/// <summary>
/// Where a node prints its lines, and in which form. Standard output gets what a script waits for, the line that says that the node is ready; everything else
/// goes to standard error.
/// </summary>
internal sealed class ProgramOutput(TextWriter output, TextWriter errors, TimeProvider time)
{
    private const string Name = "kafkacompat";

    private readonly LinePrefix _prefix = LinePrefix.Of(StandardStream.ErrorDescriptor);

    /// <summary>Text or JSON, for every line.</summary>
    public LogFormat Format
    {
        get;
        set
        {
            field = value;
            foreach (var stream in new[] { output, errors }.OfType<StandardStream>())
            {
                stream.LostLines = (count, reason) =>
                    Line(LogLevel.Warning, string.Create(CultureInfo.InvariantCulture, $"{StandardStream.Lost(count)}: {reason}"));
            }
        }
    }

    /// <summary>For answers of commands.</summary>
    public TextWriter Output => output;

    public TextWriter Errors => errors;

    /// <summary>A logger factory whose lines go to standard error.</summary>
    public ConsoleLoggerFactory CreateLogs(LogLevel least) => new(errors, least, time, Format) { Prefix = _prefix };

    /// <summary>Prints a line to standard output.</summary>
    public void Print(string line) => output.WriteLine(Format == LogFormat.Json ? Json(LogLevel.Information, line) : line);

    /// <summary>Prints a line to standard error.</summary>
    public void Say(LogLevel level, string line) => errors.WriteLine(Line(level, LogText.OfOneLine(line.ReplaceLineEndings(" "))));

    private string Line(LogLevel level, string line) => Format == LogFormat.Json ? Json(level, line) : $"{_prefix.Of(level)}{Name}: {line}";

    private string Json(LogLevel level, string line) => JsonLogLine.Of(time.GetUtcNow(), level, Name, default, line, line, null);
}
