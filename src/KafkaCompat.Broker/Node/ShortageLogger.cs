using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>Logs that files were refused for lack of descriptors: one line in <see cref="EveryMs"/>, whatever it was that needed them.</summary>
internal sealed class ShortageLogger(TimeProvider time, ILogger logger)
{
    /// <summary>How often it is said at most.</summary>
    public const int EveryMs = 60_000;

    private readonly Lock _lock = new();
    private long _refused;
    private long? _toldTicks;

    /// <summary>A file was refused.</summary>
    public void Refused(Exception cause)
    {
        long refused;
        lock (_lock)
        {
            refused = ++_refused;
            if (_toldTicks is { } told && time.GetElapsedTime(told).TotalMilliseconds < EveryMs) return;
            _toldTicks = time.GetTimestamp();
        }
        BrokerNodeLogMessages.LacksDescriptors(logger, refused, cause.Message.TrimEnd('.'));
    }
}
