using Microsoft.Extensions.Logging;

namespace KafkaCompat.Simulation.Engine;

/// <summary>What a node logs, as events.</summary>
internal sealed class SimLogs(Trace trace, string node, Action<string> onError) : ILoggerFactory
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
                logs.Add($"{logLevel} {category} {formatter(state, exception)} {exception?.GetType().Name} {exception?.Message}", logLevel, exception);
            }
        }
    }

    private void Add(string line, LogLevel level, Exception? exception)
    {
        trace.Add($"log {node} {line}");
        if (level >= LogLevel.Error)
        {
            onError($"{line} {exception?.StackTrace}");
        }
    }
}
