using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Handlers.Data;

/// <summary>
/// Counts partitions of Produce and Fetch requests that were answered with an error, and logs those of Produce: a producer that is refused is a problem of
/// somebody, while a consumer that asks the wrong broker is part of the protocol.
/// </summary>
public sealed class DataRefusals(ILogger logger, TimeProvider time) : IDisposable
{
    /// <summary>Lines about refused produce requests within <see cref="WindowMs"/>; a producer that tries again for ever does not fill the disk.</summary>
    public const int MaxLinesPerWindow = 10;

    private const int WindowMs = 10_000;

    private readonly Lock _lock = new();
    private long _windowTicks = time.GetTimestamp();
    private int _lines;
    private long _unlogged;
    private ITimer? _windowEnd;
    private bool _isDisposed;
    private long _produce;
    private long _fetch;
    private long _bytes;

    /// <summary>Partitions of Produce requests.</summary>
    public long Produce => Interlocked.Read(ref _produce);

    /// <summary>Partitions of Fetch requests.</summary>
    public long Fetch => Interlocked.Read(ref _fetch);

    /// <summary>Bytes of batches that were larger than allowed.</summary>
    public long RejectedBytes => Interlocked.Read(ref _bytes);

    /// <summary>No line is written afterwards by itself.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _windowEnd?.Dispose();
        }
    }

    internal void CountFetch() => Interlocked.Increment(ref _fetch);

    /// <summary>A partition of a Produce request was refused.</summary>
    internal void Refused(RequestContext context, string? topic, ProduceRequest.PartitionProduceData data, ErrorCode error, string? reason)
    {
        Interlocked.Increment(ref _produce);
        var bytes = data.Records?.Memory.Length ?? 0;
        if (error is ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge) Interlocked.Add(ref _bytes, bytes);
        if (!logger.IsEnabled(LogLevel.Information)) return;
        long unlogged;
        lock (_lock)
        {
            if (time.GetElapsedTime(_windowTicks).TotalMilliseconds > WindowMs) (_windowTicks, _lines) = (time.GetTimestamp(), 0);
            if (_lines == MaxLinesPerWindow)
            {
                // The number is logged when the window ends, whether or not another partition is refused then.
                if (_unlogged++ == 0) AtEndOfWindow();
                return;
            }
            _lines++;
            (unlogged, _unlogged) = (_unlogged, 0);
        }
        if (unlogged > 0) DataRefusalLogMessages.NotLogged(logger, unlogged);
        DataRefusalLogMessages.ProduceRefused(
            logger, bytes, topic ?? "of an unknown id", data.Index, context.ClientId, error, reason is null ? "" : $": {reason}");
    }

    private void AtEndOfWindow()
    {
        if (_isDisposed) return;
        var left = TimeSpan.FromMilliseconds(WindowMs) - time.GetElapsedTime(_windowTicks);
        _windowEnd ??= time.CreateTimer(static state => ((DataRefusals)state!).LogUnlogged(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _ = _windowEnd.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void LogUnlogged()
    {
        // Within the lock, so that no line comes after Dispose.
        lock (_lock)
        {
            if (_isDisposed || _unlogged == 0) return;
            DataRefusalLogMessages.NotLogged(logger, _unlogged);
            _unlogged = 0;
        }
    }
}
