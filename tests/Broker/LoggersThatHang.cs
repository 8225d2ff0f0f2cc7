using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Tests;

/// <summary>A log that holds whoever writes a line with a text, until it is let go.</summary>
internal sealed class LoggersThatHang(string text) : ILoggerFactory, ILogger
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _gate = new();

    /// <summary>Somebody is held.</summary>
    public Task Reached => _reached.Task;

    public void Go() => _gate.Set();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose() => _gate.Set();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!formatter(state, exception).Contains(text, StringComparison.Ordinal)) return;
        _ = _reached.TrySetResult();
        _gate.Wait();
    }
}
