using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Keeps what is worth a warning.</summary>
internal sealed class WarningList : ILoggerFactory, ILogger
{
    private readonly Lock _lock = new();
    private readonly List<string> _warnings = [];

    public IReadOnlyList<string> Warnings
    {
        get { lock (_lock) return [.. _warnings]; }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        lock (_lock) _warnings.Add(formatter(state, exception));
    }

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
