using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// What a read found. The region starts with the batch that holds the offset asked for, which can start before it, and is cut at a number of bytes:
/// its last batch may be a part of one, as Kafka's clients expect.
/// </summary>
/// <param name="Region">The bytes, or null where there is nothing to read.</param>
/// <param name="IsOutOfRange">The offset is before the log's start or behind its end.</param>
/// <param name="NextOffsetBound">An offset behind all that the region holds, to collect aborted transactions up to.</param>
/// <param name="IsFirstBatchIncomplete">Not even one batch fits into the bytes allowed, and the caller did not ask for one in any case. There is no region
/// then.</param>
public readonly record struct LogRead(FileRegion? Region, bool IsOutOfRange, long NextOffsetBound, bool IsFirstBatchIncomplete)
{
    public int Length => Region?.Length ?? 0;

    /// <summary>The segments that it was made from: what is asked about it later is asked of them, whatever the log has by then.</summary>
    internal LogSegment[]? Segments { get; init; }
}

/// <summary>An offset found by its time: the record's timestamp and the leader epoch of its batch.</summary>
public readonly record struct TimestampAndOffset(long Offset, long Timestamp, int LeaderEpoch);

/// <summary>What an append did.</summary>
/// <param name="FirstOffset">The first batch's base offset.</param>
/// <param name="LastOffset">The last batch's last offset.</param>
/// <param name="MaxTimestamp">The largest timestamp of the batches.</param>
public readonly record struct LogAppend(long FirstOffset, long LastOffset, long MaxTimestamp)
{
    /// <summary>What an append of batches will do to a log that ends at an offset; throws where they are not what a log can take.</summary>
    internal static LogAppend Measure(in BatchRun batches, long endOffset)
    {
        Invariant.Holds(batches.Count > 0, $"There is nothing to append at {endOffset}");
        long maxTimestamp = RecordBatchHeader.NoTimestamp, expected = endOffset;
        for (var i = 0; i < batches.Count; i++)
        {
            var header = batches[i];
            Invariant.Holds(header.BaseOffset >= expected, $"A batch starts at {header.BaseOffset} where {expected} is the first free offset");
            expected = header.NextOffset;
            maxTimestamp = Math.Max(maxTimestamp, header.MaxTimestamp);
        }
        return new LogAppend(batches[0].BaseOffset, expected - 1, maxTimestamp);
    }
}
