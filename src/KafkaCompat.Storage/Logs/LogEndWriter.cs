using System.Buffers;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>How a log grows: batches at its end, and a new segment where the last one is full. Whoever calls holds the log's lock.</summary>
internal sealed class LogEndWriter(LogEnvironment environment, LoadedLog loaded, LogView view, SegmentList segments, LogSync sync)
{
    private int _latestEpoch = loaded.Epochs.LatestEpoch;

    /// <summary>The log was cut, and some of its epochs may be gone.</summary>
    public void EpochsChanged() => _latestEpoch = loaded.Epochs.LatestEpoch;

    /// <summary>Writes batches behind the log's end, into a new segment where the last one is full.</summary>
    public LogAppend Append(in BatchRun batches, LogSettings settings)
    {
        var append = LogAppend.Measure(batches, view.End.Offset);
        var tickMs = environment.Clock.TickMs();
        environment.Appends.Begin(tickMs);
        try
        {
            MakeRoom(append, (int)batches.Bytes.Length, settings, tickMs);
            Write(batches, settings);
            return append;
        }
        finally
        {
            environment.Appends.End(tickMs);
        }
    }

    /// <summary>
    /// Closes the active segment and starts a new one at an offset, unless the active one starts there: it is empty, or holds nothing but bytes that are no
    /// batch, and goes on.
    /// </summary>
    public void RollAt(long offset, LogSettings settings)
    {
        var active = view.End.Segment;
        if (active.BaseOffset == offset)
            return;
        Invariant.Holds(offset >= view.End.Offset, $"{active.LogPath}: a segment is to begin at {offset}, and the log ends at {view.End.Offset}");
        Invariant.Holds(offset > active.BaseOffset, $"{active.LogPath}: the next segment is to begin at {offset}");
        // A snapshot that knows of batches which the log does not hold has them refused as duplicates.
        Invariant.Holds(loaded.Producers.EndOffset <= offset,
            $"{active.LogPath}: a snapshot of {offset} is to know producers up to {loaded.Producers.EndOffset}");
        loaded.Producers.SetEndOffset(offset);
        loaded.Producers.TakeSnapshot();
        var next = LogSegment.Create(environment, loaded.Folder, offset, settings);
        try
        {
            active.Seal();
        }
        catch
        {
            // The old segment goes on, so a file that says that it has ended must not stay.
            next.DeleteFiles();
            throw;
        }
        segments.Add(next);
        sync.Sealed(active.BaseOffset);
        view.End = new LogEnd(view.End.Offset, next, 0);
    }

    private void MakeRoom(in LogAppend append, int bytes, LogSettings settings, long tickMs)
    {
        try
        {
            if (view.End.Segment.ShouldRoll(settings, tickMs, bytes, append.MaxTimestamp, append.LastOffset))
                RollAt(Math.Max(append.FirstOffset, view.End.Offset), settings);
            // Opened before a byte is written: a process that has too many files open refuses the append, and the log is as it was.
            _ = view.End.Segment.File;
        }
        catch (IOException failure)
        {
            throw environment.Health.RefusedBy(failure);
        }
    }

    /// <summary>The bytes go to the segment, what follows from them is taken in, and readers find them. A failure fails the directory.</summary>
    private void Write(in BatchRun batches, LogSettings settings)
    {
        var active = view.End.Segment;
        try
        {
            active.Append(batches, settings.IndexIntervalBytes);
        }
        catch (Exception failure)
        {
            // A full disk takes a part of the bytes. They go before anything can be appended behind them.
            try
            {
                active.CutFailedAppend();
            }
            catch (Exception)
            {
                // The first failure is the one to report; recovery cuts what is left.
            }
            throw environment.Health.FailedBy(failure);
        }
        long next = view.End.Offset, position = 0;
        try
        {
            for (var i = 0; i < batches.Count; i++)
            {
                var header = batches[i];
                Invariant.Holds(header.BaseOffset >= next, $"{active.LogPath}: a batch of offset {header.BaseOffset} follows what ends before {next}");
                if (header.PartitionLeaderEpoch > _latestEpoch)
                {
                    loaded.Epochs.Assign(header.PartitionLeaderEpoch, header.BaseOffset);
                    _latestEpoch = header.PartitionLeaderEpoch;
                }
                ReadOnlyMemory<byte> control = header.IsControl && header.HasProducerId ? batches.Bytes.Slice(position, header.SizeInBytes).ToArray() : default;
                if (loaded.Producers.Update(header, control) is { } completed)
                {
                    if (completed.IsAborted)
                    {
                        active.TransactionIndex.Append(new AbortedTransaction(completed.ProducerId, completed.FirstOffset, completed.LastOffset,
                            loaded.Producers.LastStableOffsetAfter(completed)));
                    }
                    loaded.Producers.CompleteTransaction(completed);
                }
                next = header.NextOffset;
                position += header.SizeInBytes;
            }
        }
        catch (Exception failure)
        {
            // The bytes are in the file and what follows from them is not known: whatever it was, nothing may be appended behind them.
            if (failure is not KafkaStorageException)
                throw environment.Health.FailedBy(failure);
            environment.Health.Fail(failure);
            throw;
        }
        Invariant.Holds(loaded.Producers.EndOffset == next,
            $"{active.LogPath}: producers are known up to {loaded.Producers.EndOffset}, the log ends at {next}");
        view.End = new LogEnd(next, active, active.Size);
    }
}
