using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Tests;

/// <summary>Keeps what is logged at a level or above, a line each.</summary>
internal sealed class RecordedLines(LogLevel least) : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyList<string> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= least) _lines.Enqueue(formatter(state, exception) + (exception is null ? "" : $"\n{exception}"));
    }

    public void Dispose()
    {
    }
}
