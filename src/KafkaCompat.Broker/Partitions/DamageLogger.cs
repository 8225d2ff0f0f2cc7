using System.Collections.Concurrent;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>Logs that a read met bytes that are not a batch, at most once a minute for each file: whoever met them reads again.</summary>
internal sealed partial class DamageLogger(ILogger logger, TimeProvider clock)
{
    /// <summary>How long a file is not logged again.</summary>
    private const int QuietMs = 60_000;

    /// <summary>As many files are remembered. With one more, all are forgotten and logged again.</summary>
    private const int MaxFiles = 1_000;

    private readonly ConcurrentDictionary<string, long> _loggedAt = new(StringComparer.Ordinal);

    public void Log(DamagedBatchException damage)
    {
        var now = clock.GetTimestamp();
        if (_loggedAt.TryGetValue(damage.Path, out var before) && clock.GetElapsedTime(before, now).TotalMilliseconds < QuietMs) return;
        if (_loggedAt.Count >= MaxFiles) _loggedAt.Clear();
        _loggedAt[damage.Path] = now;
        Damaged(logger, damage.Offset, damage.Path, damage.Why);
    }

    [LoggerMessage(1250, LogLevel.Error,
        "Offset {Offset} of {File} is unreadable, because {Why}. Readers get CORRUPT_MESSAGE there. Restore the file from a copy, or delete the records "
            + "before a later offset (kafka-delete-records).")]
    private static partial void Damaged(ILogger logger, long offset, string file, string why);
}
