using Microsoft.Extensions.Logging;

namespace KafkaCompat.Testing.Hosting;

/// <summary>Hands each log entry on as lines of text: the bridge to a test framework's output.</summary>
internal sealed class LineLoggerFactory(Action<string> writeLine, LogLevel least) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new LineLogger(writeLine, least, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("The lines go to LogTo alone.");

    public void Dispose()
    {
        // What the lines are written to is the test's.
    }

    private sealed class LineLogger(Action<string> writeLine, LogLevel least, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var line = $"{logLevel} {category}: {formatter(state, exception)}";
            try
            {
                writeLine(exception is null ? line : $"{line}{Environment.NewLine}{exception}");
            }
            catch (InvalidOperationException)
            {
                // xunit refuses output of a test that is over; the broker must not fail for it.
            }
        }
    }
}
