using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// What readers of a log see: its segments, where it starts and where it ends. The log's writer, who holds the log's lock, sets each after what it stands for
/// is there; readers take no lock, and look again when the segments changed under them.
/// </summary>
internal sealed class LogView(LogEnvironment environment, LogSegment[] segments, LogEnd end, long logStartOffset)
{
    /// <summary>A read starts over when the segments change under it; more often than this in one read they do not.</summary>
    private const int MaxReadAttempts = 4;

    private LogSegment[] _segments = segments;
    private LogEnd _end = end;
    private long _logStartOffset = logStartOffset;
    private bool _closed;

    /// <summary>In the order of their offsets. For a moment there can be none: <see cref="PartitionLog.TruncateFullyAt"/>.</summary>
    public LogSegment[] Segments
    {
        get => Volatile.Read(ref _segments);
        set
        {
            for (var i = 1; i < value.Length; i++)
                Invariant.Holds(value[i - 1].BaseOffset < value[i].BaseOffset, $"{value[i].LogPath} stands behind {value[i - 1].LogPath} in the list");
            Volatile.Write(ref _segments, value);
        }
    }

    public LogEnd End
    {
        get => Volatile.Read(ref _end);
        set
        {
            Invariant.Holds(value.Position == 0 || value.Offset > value.Segment.BaseOffset,
                $"{value.Segment.LogPath}: the log ends at {value.Offset}, before the {value.Position} bytes of its last segment");
            Volatile.Write(ref _end, value);
        }
    }

    public long LogStartOffset
    {
        get => Volatile.Read(ref _logStartOffset);
        set
        {
            var end = Volatile.Read(ref _end);
            Invariant.Holds(value <= end.Offset, $"{end.Segment.LogPath}: the log is to start at {value}, behind its end at {end.Offset}");
            Volatile.Write(ref _logStartOffset, value);
        }
    }

    public bool IsClosed => Volatile.Read(ref _closed);

    public long SizeInBytes
    {
        get
        {
            long size = 0;
            foreach (var segment in Segments)
                size += segment.Size;
            return size;
        }
    }

    public void RequireOpen() => ObjectDisposedException.ThrowIf(IsClosed, typeof(PartitionLog));

    /// <summary>Nobody reads any more: the segments' files go.</summary>
    public void Close()
    {
        Volatile.Write(ref _closed, true);
        foreach (var segment in Segments)
            segment.Close();
    }

    /// <summary>As <see cref="PartitionLog.Read"/>.</summary>
    public LogRead Read(long fromOffset, int maxBytes, long maxOffsetExclusive, bool minOneBatch)
    {
        for (var attempt = 0; attempt < MaxReadAttempts; attempt++)
        {
            var segments = Segments;
            var end = End;
            if (fromOffset < LogStartOffset || fromOffset > end.Offset)
                return new LogRead(null, true, fromOffset, false);
            var limit = Math.Min(maxOffsetExclusive, end.Offset);
            if (fromOffset >= limit)
                return new LogRead(null, false, fromOffset, false);
            try
            {
                return SegmentReader.Read(segments, end, fromOffset, maxBytes, limit, minOneBatch) with { Segments = segments };
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                RequireMoved(segments, failure);
            }
            catch (DamagedBatchException damaged)
            {
                // A batch that is cut off while it is read looks like one that is damaged.
                if (!HasMoved(segments, damaged) && ReferenceEquals(end.Segment, End.Segment) && end.Position <= End.Position)
                {
                    environment.Damage?.Invoke(damaged);
                    throw;
                }
            }
        }
        throw OutOfAttempts();
    }

    /// <summary>As <see cref="PartitionLog.CollectAbortedTransactions"/>.</summary>
    public void CollectAbortedTransactions(long fromOffset, in LogRead read, List<AbortedTransaction> into)
    {
        var segments = read.Segments ?? Segments;
        try
        {
            for (var i = Math.Max(0, SegmentReader.Floor(segments, fromOffset)); i < segments.Length; i++)
            {
                segments[i].TransactionIndex.Collect(fromOffset, read.NextOffsetBound, into);
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // Other segments know nothing of the transactions of these, so the caller has to read again.
            RequireMoved(segments, failure);
            throw new KafkaStorageException("The segments of a log changed while their aborted transactions were read.", failure);
        }
    }

    /// <summary>Looks for a record by its time, from the log's start on.</summary>
    public TimestampAndOffset? Search(long timestampMs, Func<TimestampSearch, long, TimestampAndOffset?> find)
    {
        for (var attempt = 0; attempt < MaxReadAttempts; attempt++)
        {
            var segments = Segments;
            var endOffset = End.Offset;
            try
            {
                return find(new TimestampSearch(segments, LogStartOffset, endOffset), timestampMs);
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                RequireMoved(segments, failure);
            }
            catch (Exception damaged) when (damaged is DamagedRecordsException or DamagedBatchException && HasMoved(segments, damaged))
            {
                // A batch that was cut off while it was read.
            }
            catch (DamagedBatchException damaged)
            {
                environment.Damage?.Invoke(damaged);
                throw;
            }
        }
        throw OutOfAttempts();
    }

    /// <summary>Has the segments read, and again if they change meanwhile.</summary>
    public void Walk(Action<LogSegment[]> read)
    {
        for (var attempt = 0; attempt < MaxReadAttempts; attempt++)
        {
            var segments = Segments;
            try
            {
                read(segments);
                return;
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                RequireMoved(segments, failure);
            }
        }
        throw OutOfAttempts();
    }

    /// <summary>The answer is unknown: the offset is neither out of range nor absent. The disk works, so a retry succeeds.</summary>
    private static KafkaStorageException OutOfAttempts() => new($"The segments of a log changed under each of {MaxReadAttempts} attempts to read it.");

    /// <summary>
    /// After a read that failed: it starts over where the segments moved under it, else the failure of the disk is reported, or that the log is closed.
    /// </summary>
    private void RequireMoved(LogSegment[] segments, Exception failure)
    {
        if (!HasMoved(segments, failure))
            throw environment.Health.RefusedBy(failure);
        RequireOpen();
    }

    /// <summary>Whether a read failed because a segment was deleted or the log closed under it, which is no fault of the disk.</summary>
    private bool HasMoved(LogSegment[] segments, Exception failure) => failure is ObjectDisposedException || IsClosed || !ReferenceEquals(segments, Segments);
}
