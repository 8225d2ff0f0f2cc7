using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Tests;

/// <summary>Throws, as its message, the first line of the log that holds <paramref name="text"/>: a fault at a place of the test's choice.</summary>
internal sealed class LoggersThatFail(string text) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = formatter(state, exception);
        if (line.Contains(text, StringComparison.Ordinal)) throw new InvalidOperationException(line);
    }
}
