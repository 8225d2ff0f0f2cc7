using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Logging;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Logging;

/// <summary>
/// Logs lines to a writer, as text (time in UTC, level, category, message) or as JSON (<see cref="JsonLogLine"/>). A dozen lines of our own instead of the
/// console package, which brings options, configuration and a thread with it and would double the time to the first answer.
/// </summary>
internal sealed class ConsoleLoggerFactory(TextWriter output, LogLevel least, TimeProvider time, LogFormat format = LogFormat.Text) : ILeveledLoggerFactory
{
    private readonly Lock _gate = new();

    /// <summary>What stands before a line of text.</summary>
    public LinePrefix Prefix { get; init; }

    /// <inheritdoc/>
    public LoggerLevels Levels { get; } = new(least);

    /// <summary>The level that <c>KAFKA_LOG_LEVEL</c> names in log4j's words; warnings and worse where it is unset.</summary>
    /// <exception cref="ConfigurationException">It names none.</exception>
    public static LogLevel LevelOf(string? name) => name?.ToUpperInvariant() switch
    {
        "TRACE" => LogLevel.Trace,
        "DEBUG" => LogLevel.Debug,
        "INFO" => LogLevel.Information,
        "ERROR" => LogLevel.Error,
        "FATAL" => LogLevel.Critical,
        "OFF" => LogLevel.None,
        null or "" or "WARN" => LogLevel.Warning,
        _ => throw new ConfigurationException($"KAFKA_LOG_LEVEL is {name}. It can be TRACE, DEBUG, INFO, WARN, ERROR, FATAL or OFF."),
    };

    public ILogger CreateLogger(string categoryName) =>
        new Logger(this, Levels.Of(categoryName), categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("This factory writes to one place.");

    public void Dispose()
    {
    }

    private void Write<TState>(LogLevel level, string logger, EventId id, string message, TState state, Exception? exception)
    {
        var now = time.GetUtcNow();

        // One rule for both formats.
        var hasStack = exception is not null && (least <= LogLevel.Debug || !StartFailure.IsExplainedByMessage(exception));
        if (format == LogFormat.Json)
        {
            var json =
                JsonLogLine.Of(now, level, logger, id, message, state, exception is null || hasStack ? exception?.ToString() : StartFailure.Reasons(exception));
            lock (_gate)
            {
                output.WriteLine(json);
            }

            return;
        }

        var word = level switch
        {
            LogLevel.Trace => "TRACE",
            LogLevel.Debug => "DEBUG",
            LogLevel.Information => "INFO ",
            LogLevel.Warning => "WARN ",
            LogLevel.Error => "ERROR",
            _ => "FATAL",
        };
        var prefix = Prefix.Of(level);
        var line = LogText.OfOneLine($"{logger[(logger.LastIndexOf('.') + 1)..]}: {message}");
        line = Prefix.IsJournal ? prefix + line : $"{now:yyyy-MM-dd HH:mm:ss.fff} {word} {line}";
        if (exception is not null && !hasStack)
        {
            line = $"{line} {LogText.OfOneLine(StartFailure.Reasons(exception))}";
        }
        else if (exception is not null)
        {
            // One write, so that lines of others do not come between; one prefix a line, because the journal makes an entry of each.
            line += "\n" + prefix + exception.ToString().ReplaceLineEndings("\n" + prefix);
        }

        lock (_gate)
        {
            output.WriteLine(line);
        }
    }

    private sealed class Logger(ConsoleLoggerFactory factory, LoggerLevels.Setting setting, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= setting.Level && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                factory.Write(logLevel, category, eventId, formatter(state, exception), state, exception);
            }
        }
    }
}
