using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Logging;

/// <summary>Loggers whose levels can change while the node runs.</summary>
public interface ILeveledLoggerFactory : ILoggerFactory
{
    LoggerLevels Levels { get; }
}
