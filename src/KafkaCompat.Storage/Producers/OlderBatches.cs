using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Producers;

/// <summary>
/// A snapshot keeps one batch of a producer, and a producer has up to five in flight: one that asks again for an older of them after a restart has to hear that
/// it is there. What the snapshot left out is read from the log, once, when somebody asks for it. Reading takes long and holds up nobody: it goes by what was
/// known when it began, and what was found is taken in when it is done.
/// </summary>
/// <param name="before">The offset of the snapshot.</param>
/// <param name="known">The producers' epochs, and where the oldest batches start that are known of them.</param>
internal sealed class OlderBatches(long before, IReadOnlyDictionary<long, (short Epoch, long FirstOffset)> known)
{
    /// <summary>How far behind a snapshot's offset is read: the batches in flight are the last of their producers.</summary>
    public const long MaxReadBytes = 64 << 20;

    private readonly Dictionary<long, Queue<ProducerBatch>> _found = [];

    /// <summary>The offset of the snapshot.</summary>
    public long Before => before;

    /// <summary>What was found, by producer, in the order of the log.</summary>
    public IEnumerable<(long ProducerId, short Epoch, IReadOnlyCollection<ProducerBatch> Batches)> Found =>
        _found.Select(each => (each.Key, known[each.Key].Epoch, (IReadOnlyCollection<ProducerBatch>)each.Value));

    /// <summary>Reads them from the segments of a log.</summary>
    public void Read(LogSegment[] segments)
    {
        _found.Clear();
        if (segments.Length == 0)
            return;
        var first = Math.Max(0, SegmentReader.Floor(segments, before - 1));
        var bytes = segments[first].Size;
        while (first > 0 && bytes < MaxReadBytes)
            bytes += segments[--first].Size;
        for (var i = first; i < segments.Length && segments[i].BaseOffset < before; i++)
            Read(segments[i], surplus: i == first ? bytes - MaxReadBytes : 0);
    }

    private void Read(LogSegment segment, long surplus)
    {
        long position = 0, next = segment.BaseOffset;
        if (surplus > 0 && segment.OffsetIndex.TryUpperBound(surplus, out var from))
            position = segment.PositionToSearch(from, segment.Size, out next);
        using var scanner = new BatchScanner(segment.File, position, segment.Size);
        var walk = new SegmentWalk(scanner, next) { BaseOffset = segment.BaseOffset };
        while (walk.MoveNext() && walk.Header.NextOffset <= before)
        {
            if (walk.Header is { HasProducerId: true, IsControl: false })
                Add(walk.Header);
        }
    }

    private void Add(in RecordBatchHeader batch)
    {
        if (!known.TryGetValue(batch.ProducerId, out var producer) || producer.Epoch != batch.ProducerEpoch
            || batch.LastOffset >= producer.FirstOffset)
        {
            return;
        }

        if (!_found.TryGetValue(batch.ProducerId, out var batches))
            _found.Add(batch.ProducerId, batches = new Queue<ProducerBatch>(ProducerEntry.KeptBatches));
        if (batches.Count == ProducerEntry.KeptBatches)
            _ = batches.Dequeue();
        batches.Enqueue(ProducerBatch.Of(batch));
    }
}
