using Microsoft.Extensions.Logging;

namespace KafkaCompat.Testing.Hosting;

/// <summary>The test's loggers as one life of a broker has them: a broker that was killed says nothing more, however it ends.</summary>
internal sealed class MutedLoggerFactory(ILoggerFactory logs) : ILoggerFactory
{
    private volatile bool _isMuted;

    public void Mute() => _isMuted = true;

    public ILogger CreateLogger(string categoryName) => new MutedLogger(this, logs.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => logs.AddProvider(provider);

    public void Dispose()
    {
        // The test's factory is the test's to dispose of.
    }

    private sealed class MutedLogger(MutedLoggerFactory owner, ILogger logger) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => logger.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => !owner._isMuted && logger.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!owner._isMuted) logger.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
