using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage;

/// <summary>Brings producer states to the log's end: the newest sound snapshot, then the batches behind it.</summary>
internal sealed class ProducerReplay(LogEnvironment environment, ProducerStates producers, IReadOnlyList<LogSegment> segments)
{
    public void Rebuild(long logStartOffset, long endOffset)
    {
        producers.LoadFromSnapshot(logStartOffset, endOffset, environment.NowMs());
        bool replayed = producers.EndOffset < endOffset;
        ReplayTo(endOffset);
        if (replayed)
            producers.TakeSnapshot(sync: false);
    }

    /// <summary>Takes in the batches from the states' end up to an offset.</summary>
    public void ReplayTo(long endOffset)
    {
        for (int i = 0; i < segments.Count; i++)
        {
            LogSegment segment = segments[i];
            if (producers.EndOffset >= endOffset)
                break;
            // Not even opened where the next one begins no later: a log of many segments opens fast.
            if (i + 1 < segments.Count && segments[i + 1].BaseOffset <= producers.EndOffset)
                continue;
            if (segment.BaseOffset >= endOffset || !segment.TryFind(producers.EndOffset, segment.Size, out long position, out _))
                continue;
            using var scanner = new BatchScanner(segment.File, position, segment.Size);
            while (scanner.MoveNext() && scanner.Header.BaseOffset < endOffset)
            {
                ReadOnlyMemory<byte> control = scanner.Header is { IsControl: true, HasProducerId: true } ? scanner.ReadBatch() : default;
                if (producers.Update(scanner.Header, control) is { } completed)
                    producers.CompleteTransaction(completed);
                environment.Recovery.ThrowIfStopped();
            }
        }
        producers.SetEndOffset(endOffset);
    }
}
