using System.Net;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// At which level a client's fault is said: as a warning the first time in <see cref="WarnEveryMs"/> of each address and kind of fault, and for debugging else.
/// So a client that tries again and again, or an address that is scanned, does not fill the log.
/// </summary>
public sealed class ClientFaults(TimeProvider time)
{
    /// <summary>Addresses and kinds of fault that are remembered. Those behind them share one warning of each kind.</summary>
    public const int MaxRemembered = 1_000;

    private const int WarnEveryMs = 60_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(IPAddress, string), long> _warned = [];

    /// <summary>The level of a fault that was seen just now.</summary>
    internal LogLevel LevelOf(IPAddress address, string fault)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var key = (address, fault);
            if (!_warned.ContainsKey(key) && _warned.Count >= MaxRemembered)
            {
                Forget(now);
                if (_warned.Count >= MaxRemembered) key = (IPAddress.None, fault);
            }
            if (_warned.TryGetValue(key, out var warned) && time.GetElapsedTime(warned, now).TotalMilliseconds < WarnEveryMs) return LogLevel.Debug;
            _warned[key] = now;
            return LogLevel.Warning;
        }
    }

    private void Forget(long now)
    {
        foreach (var (key, warned) in _warned)
        {
            if (time.GetElapsedTime(warned, now).TotalMilliseconds >= WarnEveryMs) _ = _warned.Remove(key);
        }
    }
}
