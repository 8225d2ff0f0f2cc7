using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// The batches of a leader's answer that a follower's log can take: whole, with their checksum, in order, of no epoch behind the leader's. What lies wholly
/// before the log's end is left out, and so is a last one that is cut: the leader sends it again. Left out: messages of magic 0 and 1.
/// </summary>
/// <param name="Error">CORRUPT_MESSAGE where the bytes are none of that; nothing of them is to be taken then.</param>
/// <param name="FirstOffset">Where the first begins; -1 where there is none.</param>
/// <param name="NextOffset">The offset behind the last one.</param>
/// <param name="Run">The batches, with the headers that were read here.</param>
internal readonly record struct LeaderBatches(ErrorCode Error, long FirstOffset, long NextOffset, BatchRun Run)
{
    private const long None = -1;

    private static LeaderBatches Corrupt => new(ErrorCode.CorruptMessage, None, None, default);

    /// <summary>Reads all of the bytes, for their checksums: to be done without a lock.</summary>
    /// <param name="records">As they came.</param>
    /// <param name="logEndOffset">The end of the follower's log.</param>
    /// <param name="leaderEpoch">The epoch that it follows in.</param>
    public static LeaderBatches Check(in ReadOnlySequence<byte> records, long logEndOffset, int leaderEpoch)
    {
        var batches = RecordBatchEnumerator.Over(records);
        var (first, next, epoch) = (None, None, RecordBatchHeader.NoPartitionLeaderEpoch);
        // A list is made where there are several.
        RecordBatchHeader only = default;
        List<RecordBatchHeader>? several = null;
        long from = 0, to = 0;
        while (batches.MoveNext())
        {
            var header = batches.Current.Header;
            var isInOrder = header.LastOffsetDelta >= 0 && header.BaseOffset >= Math.Max(0, next) && header.PartitionLeaderEpoch >= epoch;
            if (!isInOrder || header.PartitionLeaderEpoch > leaderEpoch || !batches.Current.IsSound()) return Corrupt;
            (next, epoch) = (header.NextOffset, header.PartitionLeaderEpoch);
            to += header.SizeInBytes;
            if (next <= logEndOffset)
            {
                from = to;
                continue;
            }
            if (first < 0) (first, only) = (header.BaseOffset, header);
            else (several ??= [only]).Add(header);
        }
        if (batches.Fault is not (RecordFault.None or RecordFault.BatchIncomplete)) return Corrupt;
        if (first < 0) return new(ErrorCode.None, None, None, default);
        var bytes = records.Slice(from, to - from);
        return new(ErrorCode.None, first, next, several is null ? new BatchRun(only, bytes) : BatchRun.Of(several, bytes));
    }
}
