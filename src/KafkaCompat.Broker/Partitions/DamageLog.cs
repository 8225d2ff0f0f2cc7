using System.Collections.Concurrent;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>Tells in the log that a read met bytes that are no batch: once in a while for each file, since whoever met them asks again.</summary>
internal sealed partial class DamageLog(ILogger logger, TimeProvider clock)
{
    /// <summary>How long a file is not told of again.</summary>
    private const int QuietMs = 60_000;

    /// <summary>So many files are remembered; with one more all are told of anew.</summary>
    private const int MaxFiles = 1_000;

    private readonly ConcurrentDictionary<string, long> _toldAt = new(StringComparer.Ordinal);

    public void Told(DamagedBatchException damage)
    {
        var now = clock.GetTimestamp();
        if (_toldAt.TryGetValue(damage.Path, out var before) && clock.GetElapsedTime(before, now).TotalMilliseconds < QuietMs) return;
        if (_toldAt.Count >= MaxFiles) _toldAt.Clear();
        _toldAt[damage.Path] = now;
        Damaged(logger, damage.Offset, damage.Path, damage.Why);
    }

    [LoggerMessage(1230, LogLevel.Error,
        "Offset {Offset} of {File} is unreadable, because {Why}. Readers get CORRUPT_MESSAGE there. Restore the file from a copy, or delete the records "
            + "before a later offset (kafka-delete-records).")]
    private static partial void Damaged(ILogger logger, long offset, string file, string why);
}
