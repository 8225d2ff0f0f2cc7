using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Reads and searches one partition's log over the bounds that its role has published (<see cref="FetchWaits.Bounds"/>). It takes no lock of the
/// partition, so that an append which its disk holds up holds up no reader: what is below the bounds does not change.
/// </summary>
internal sealed class PartitionReader(Partition partition, PartitionLog log, FetchWaits published)
{
    /// <summary>As <see cref="Partition.Read"/>.</summary>
    public PartitionRead Read(long offset, int maxBytes, bool minOneBatch, bool committedOnly, int currentLeaderEpoch, int lastFetchedEpoch)
    {
        var logStart = log.LogStartOffset;
        var bounds = published.Bounds;
        // Other negative numbers mean none to a fetch, and nothing else.
        var error = bounds.Leadership.Check(Math.Max(Leadership.NoEpoch, currentLeaderEpoch));
        if (error != ErrorCode.None) return Fail(bounds, error);
        try
        {
            var stable = bounds.LastStableOffset(logStart);
            var state = new PartitionRead
            {
                Partition = partition,
                Seen = bounds,
                LastStableOffset = stable,
                LogStartOffset = logStart,
                DivergingEpoch = -1,
            };
            if (lastFetchedEpoch >= 0)
            {
                var known = log.Epochs.EndOffsetFor(lastFetchedEpoch, log.LogEndOffset);
                if (known.Epoch < 0) return Fail(bounds, ErrorCode.OffsetOutOfRange);
                if (known.Epoch < lastFetchedEpoch || known.StartOffset < offset)
                    return state with { DivergingEpoch = known.Epoch, DivergingEndOffset = known.StartOffset };
            }
            var read = log.Read(offset, Math.Max(0, maxBytes), committedOnly ? stable : bounds.HighWatermark, minOneBatch || maxBytes < 0);
            if (maxBytes < 0 && read.Region is { } unwanted)
            {
                unwanted.Dispose();
                return Fail(bounds, ErrorCode.UnknownServerError);
            }
            if (read.IsOutOfRange) return Fail(bounds, ErrorCode.OffsetOutOfRange);
            if (read.Region is null) return committedOnly ? state with { AbortedTransactions = [] } : state;
            return state with
            {
                Region = read.Region,
                AbortedTransactions = committedOnly ? Aborted(offset, read) : null,
            };
        }
        catch (DamagedBatchException)
        {
            return Fail(bounds, ErrorCode.CorruptMessage);
        }
        catch (KafkaStorageException)
        {
            return Fail(bounds, ErrorCode.KafkaStorageError);
        }
        catch (ObjectDisposedException)
        {
            // Deleted meanwhile: that is nothing that the offset could be blamed for.
            return Fail(bounds, ErrorCode.NotLeaderOrFollower);
        }
    }

    /// <summary>As <see cref="Partition.RefuseReplica"/>.</summary>
    public PartitionRead RefuseReplica() => Fail(published.Bounds, ErrorCode.NotLeaderOrFollower) with { IsToReplica = true };

    /// <summary>As <see cref="Partition.EndAsLeader"/>.</summary>
    public (ErrorCode Error, long EndOffset, bool IsCommitted) EndAsLeader(int leaderEpoch)
    {
        // The end first: while the replica leads it only grows, and so does what is committed.
        var end = log.LogEndOffset;
        var bounds = published.Bounds;
        return bounds.Leadership.IsHereIn(leaderEpoch) ? (ErrorCode.None, end, end <= bounds.HighWatermark) : (ErrorCode.NotLeaderOrFollower, -1, false);
    }

    /// <summary>As <see cref="Partition.ReadAsLeader"/>.</summary>
    public (ErrorCode Error, byte[] Batches) ReadAsLeader(long offset, long endOffset, int maxBytes, int leaderEpoch)
    {
        if (!published.Bounds.Leadership.IsHereIn(leaderEpoch)) return (ErrorCode.NotLeaderOrFollower, []);
        try
        {
            var read = log.Read(offset, maxBytes, endOffset, minOneBatch: true);
            if (read.IsOutOfRange) return (ErrorCode.OffsetOutOfRange, []);
            using var region = read.Region;
            return (ErrorCode.None, region?.ToArray() ?? []);
        }
        catch (DamagedBatchException)
        {
            return (ErrorCode.CorruptMessage, []);
        }
        catch (KafkaStorageException)
        {
            return (ErrorCode.KafkaStorageError, []);
        }
        catch (ObjectDisposedException)
        {
            return (ErrorCode.NotLeaderOrFollower, []);
        }
        catch (IOException failure)
        {
            log.Health.Fail(failure);
            return (ErrorCode.KafkaStorageError, []);
        }
    }

    /// <summary>As <see cref="Partition.FindOffset"/>.</summary>
    public FoundOffset FindOffset(long timestamp, bool committedOnly, int currentLeaderEpoch)
    {
        var logStart = log.LogStartOffset;
        var bounds = published.Bounds;
        var error = bounds.Leadership.Check(currentLeaderEpoch);
        if (error != ErrorCode.None) return FoundOffset.Failed(error);
        var isBehind = bounds.HighWatermark < bounds.Leadership.StartOffset;
        var bound = committedOnly ? bounds.LastStableOffset(logStart) : bounds.HighWatermark;
        try
        {
            switch (timestamp)
            {
                case AskedTimestamps.Latest:
                    return isBehind ? FoundOffset.Failed(ErrorCode.OffsetNotAvailable) : new FoundOffset(ErrorCode.None, bound, -1, log.Epochs.LatestEpoch);
                case AskedTimestamps.Earliest or AskedTimestamps.EarliestLocal:
                    return new FoundOffset(ErrorCode.None, logStart, -1, log.Epochs.EpochFor(logStart));
                case AskedTimestamps.LatestTiered or AskedTimestamps.EarliestPendingUpload:
                    return FoundOffset.Nothing;
            }
            var found = timestamp == AskedTimestamps.Max ? log.FindMaxTimestamp() : log.FindByTimestamp(timestamp);
            return found is { } record && record.Offset < bound
                ? new FoundOffset(ErrorCode.None, record.Offset, record.Timestamp, record.LeaderEpoch)
                : isBehind ? FoundOffset.Failed(ErrorCode.OffsetNotAvailable) : FoundOffset.Nothing;
        }
        catch (KafkaStorageException)
        {
            return FoundOffset.Failed(ErrorCode.KafkaStorageError);
        }
        catch (DamagedBatchException)
        {
            return FoundOffset.Failed(ErrorCode.CorruptMessage);
        }
        catch (DamagedRecordsException e)
        {
            var isCodecs = e.Fault is RecordFault.Undecodable or RecordFault.UnknownCodec or RecordFault.DecompressedTooLarge;
            return FoundOffset.Failed(isCodecs ? ErrorCode.UnknownServerError : ErrorCode.InvalidRecord);
        }
        catch (ObjectDisposedException)
        {
            return FoundOffset.Failed(ErrorCode.NotLeaderOrFollower);
        }
    }

    /// <summary>As <see cref="Partition.EndOfEpoch"/>.</summary>
    public (ErrorCode Error, int Epoch, long EndOffset) EndOfEpoch(int currentLeaderEpoch, int epoch)
    {
        var error = published.Bounds.Leadership.Check(currentLeaderEpoch);
        if (error != ErrorCode.None) return (error, -1, -1);
        var found = log.Epochs.EndOffsetFor(epoch, log.LogEndOffset);
        return (ErrorCode.None, found.Epoch, found.StartOffset);
    }

    private List<AbortedTransaction> Aborted(long offset, in LogRead read)
    {
        var aborted = new List<AbortedTransaction>();
        try
        {
            log.CollectAbortedTransactions(offset, read, aborted);
            return aborted;
        }
        catch
        {
            // Nobody else would let go of the file.
            read.Region?.Dispose();
            throw;
        }
    }

    private static PartitionRead Fail(PartitionBounds bounds, ErrorCode error) => PartitionRead.Failed(error) with { Seen = bounds };
}
