using Microsoft.Extensions.Logging;

namespace KafkaCompat.Simulation.Engine;

/// <summary>A line of a node's log, as text and as what it is made of.</summary>
internal sealed record LoggedLine(LogLevel Level, EventId Id, IReadOnlyList<KeyValuePair<string, object?>> Values, string Text);

/// <summary>What a node logs, as events.</summary>
internal sealed class SimLogs(Trace trace, string node, Action<LoggedLine> onLine) : ILoggerFactory
{
    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => new Line(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Line(SimLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                var text = $"{logLevel} {category} {formatter(state, exception)} {exception?.GetType().Name} {exception?.Message}";
                var values = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
                logs.Add(new LoggedLine(logLevel, eventId, values, text), exception);
            }
        }
    }

    private void Add(LoggedLine line, Exception? exception)
    {
        trace.Add($"log {node} {line.Text}");
        if (line.Level >= LogLevel.Warning)
        {
            onLine(line with { Text = $"{line.Text} {exception?.StackTrace}" });
        }
    }
}
