using KafkaCompat.Broker.Logs;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Logging;

/// <summary>
/// Logs lines of text to a writer: time in UTC, level, category, message. A dozen lines of our own instead of the console package, which brings
/// options, configuration and a thread with it and would double the time to the first answer.
/// </summary>
internal sealed class ConsoleLoggerFactory(TextWriter output, LogLevel least, TimeProvider time) : ILeveledLoggerFactory
{
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public LoggerLevels Levels { get; } = new(least);

    /// <summary>The level that <c>KAFKA_LOG_LEVEL</c> names in log4j's words; warnings and worse where it is unset or unknown.</summary>
    public static LogLevel LevelOf(string? name) => name?.ToUpperInvariant() switch
    {
        "TRACE" => LogLevel.Trace,
        "DEBUG" => LogLevel.Debug,
        "INFO" => LogLevel.Information,
        "ERROR" => LogLevel.Error,
        "FATAL" => LogLevel.Critical,
        "OFF" => LogLevel.None,
        _ => LogLevel.Warning,
    };

    public ILogger CreateLogger(string categoryName) =>
        new Logger(this, Levels.Of(categoryName), categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("This factory writes to one place.");

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string category, string message, Exception? exception)
    {
        var word = level switch
        {
            LogLevel.Trace => "TRACE",
            LogLevel.Debug => "DEBUG",
            LogLevel.Information => "INFO ",
            LogLevel.Warning => "WARN ",
            LogLevel.Error => "ERROR",
            _ => "FATAL",
        };
        var line = $"{time.GetUtcNow():yyyy-MM-dd HH:mm:ss.fff} {word} {category}: {message}";
        lock (_gate)
        {
            output.WriteLine(line);
            if (exception is not null)
            {
                output.WriteLine(exception);
            }
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
                factory.Write(logLevel, category, formatter(state, exception), exception);
            }
        }
    }
}
