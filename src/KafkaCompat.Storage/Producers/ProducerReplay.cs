using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Producers;

/// <summary>Brings producer states to the log's end: the newest sound snapshot, then the batches behind it.</summary>
internal sealed class ProducerReplay(LogEnvironment environment, ProducerStates producers, IReadOnlyList<LogSegment> segments)
{
    public void Rebuild(long logStartOffset, long endOffset)
    {
        producers.LoadFromSnapshot(logStartOffset, endOffset, environment.NowMs());
        var replayed = producers.EndOffset < endOffset;
        ReplayTo(endOffset);
        if (replayed)
            producers.TakeSnapshot();
    }

    /// <summary>
    /// Takes in the batches from the states' end up to an offset. What cannot be read between them is reported: a producer may have written it.
    /// </summary>
    public void ReplayTo(long endOffset)
    {
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            if (producers.EndOffset >= endOffset)
                break;
            // Not even opened where the next one begins no later: a log of many segments opens fast.
            if (i + 1 < segments.Count && segments[i + 1].BaseOffset <= producers.EndOffset)
                continue;
            if (segment.BaseOffset < endOffset && segment.Size > 0)
                Replay(segment, endOffset);
        }
        producers.SetEndOffset(endOffset);
    }

    private void Replay(LogSegment segment, long endOffset)
    {
        var from = producers.EndOffset;
        var position = segment.PositionToSearch(from, segment.Size, out var next);
        using var scanner = new BatchScanner(segment.File, position, segment.Size) { Watch = environment.Recovery };
        var walk = new SegmentWalk(scanner, next) { BaseOffset = segment.BaseOffset };
        while (walk.MoveNext() && walk.Header.BaseOffset < endOffset)
        {
            environment.Recovery.ThrowIfStopped();
            if (walk.Header.LastOffset < from)
                continue;
            var control = walk.Header is { IsControl: true, HasProducerId: true } ? walk.ReadBatch() : default;
            if (producers.Update(walk.Header, control) is { } completed)
                producers.CompleteTransaction(completed);
        }
        var path = segment.LogPath;
        foreach (var damage in walk.Damage)
        {
            environment.Recovery.Repaired(
                new LogRepair(RepairAct.DamageKept, path, ScanStops.Describe(damage.Why, damage.Position), damage.FromOffset, damage.ToOffset, damage.Length));
        }

        if (walk.Stop is not (ScanStop.None or ScanStop.End))
        {
            environment.Recovery.Repaired(
                new LogRepair(RepairAct.DamageKept, path, ScanStops.Describe(walk.Stop, walk.End), walk.NextOffset, endOffset, segment.Size - walk.End));
        }
    }
}
