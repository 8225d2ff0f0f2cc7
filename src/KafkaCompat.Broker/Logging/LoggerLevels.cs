using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Logging;

/// <summary>
/// The level of each logger of the node, under Kafka's names for levels; they can change while it runs. A logger without a level of its own has that of
/// <see cref="Root"/>.
/// </summary>
public sealed class LoggerLevels(LogLevel root)
{
    /// <summary>The logger that stands for all others.</summary>
    public const string Root = "root";

    private readonly ConcurrentDictionary<string, Setting> _loggers = new(StringComparer.Ordinal);
    private volatile int _root = (int)root;

    /// <summary>What a level can be set to.</summary>
    public static IReadOnlyList<string> Names { get; } = ["DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN"];

    /// <summary>The level in force of every logger, the root first.</summary>
    public IEnumerable<(string Logger, LogLevel Level)> All =>
        [(Root, RootLevel), .. _loggers.ToArray().OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => (pair.Key, pair.Value.Level))];

    private LogLevel RootLevel => (LogLevel)_root;

    /// <summary>The level of a name in capitals; null for any other text.</summary>
    public static LogLevel? Parse(string name) => name switch
    {
        "TRACE" => LogLevel.Trace,
        "DEBUG" => LogLevel.Debug,
        "INFO" => LogLevel.Information,
        "WARN" => LogLevel.Warning,
        "ERROR" => LogLevel.Error,
        "FATAL" => LogLevel.Critical,
        _ => null,
    };

    public static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE",
        LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARN",
        LogLevel.Error => "ERROR",
        LogLevel.Critical => "FATAL",
        _ => "OFF",
    };

    public bool Contains(string logger) => logger == Root || _loggers.ContainsKey(logger);

    /// <summary>The setting that a logger looks at before it writes. Loggers exist from here on.</summary>
    public Setting Of(string logger) => _loggers.GetOrAdd(logger, static (_, levels) => new Setting(levels), this);

    /// <summary>Sets a logger's level; null gives it back to the root's. The root has always one.</summary>
    public void Set(string logger, LogLevel? level)
    {
        if (logger != Root) Of(logger).Own = level;
        else if (level is { } all) _root = (int)all;
    }

    /// <summary>The level of one logger.</summary>
    public sealed class Setting(LoggerLevels levels)
    {
        private const int None = -1;

        private volatile int _own = None;

        public LogLevel Level => _own == None ? levels.RootLevel : (LogLevel)_own;

        public LogLevel? Own
        {
            get => _own == None ? null : (LogLevel)_own;
            set => _own = value is { } level ? (int)level : None;
        }
    }
}
