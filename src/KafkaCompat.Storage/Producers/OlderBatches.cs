using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Producers;

/// <summary>
/// A snapshot keeps one batch of a producer, and a producer has up to five in flight: one that asks again for an older of them after a restart has to hear that it is
/// there. What the snapshot left out is read from the log, once, when somebody asks for it.
/// </summary>
internal static class OlderBatches
{
    /// <summary>How far behind a snapshot's offset is read: the batches in flight are the last of their producers.</summary>
    public const long MaxReadBytes = 64 << 20;

    /// <summary>The batches with a producer that end before an offset, as far back as is read, in their order.</summary>
    public static IEnumerable<RecordBatchHeader> Before(long offset, LogSegment[] segments)
    {
        int first = Math.Max(0, SegmentReader.Floor(segments, offset - 1));
        long bytes = segments[first].Size;
        while (first > 0 && bytes < MaxReadBytes)
            bytes += segments[--first].Size;
        for (int i = first; i < segments.Length && segments[i].BaseOffset < offset; i++)
        {
            LogSegment segment = segments[i];
            long surplus = i == first ? bytes - MaxReadBytes : 0;
            long position = 0, next = segment.BaseOffset;
            if (surplus > 0 && segment.OffsetIndex.TryUpperBound(surplus, out long from))
                position = segment.PositionToSearch(from, segment.Size, out next);
            using var scanner = new BatchScanner(segment.File, position, segment.Size);
            var walk = new SegmentWalk(scanner, next);
            while (walk.MoveNext() && walk.Header.NextOffset <= offset)
            {
                if (walk.Header is { HasProducerId: true, IsControl: false })
                    yield return walk.Header;
            }
        }
    }
}
