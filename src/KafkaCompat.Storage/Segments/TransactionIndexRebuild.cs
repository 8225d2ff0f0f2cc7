using KafkaCompat.Storage.Producers;

namespace KafkaCompat.Storage.Segments;

/// <summary>Compares transaction indexes with the log of a partition, and makes them anew from it.</summary>
internal sealed class TransactionIndexRebuild(LogEnvironment environment, ProducerStates producers, List<LogSegment> segments)
{
    /// <summary>Whether the log holds the marker of an aborted transaction where an entry says so, and the transaction's first batch, unless that is before the log's start.</summary>
    public bool IsTrue(AbortedTransaction entry)
    {
        if (!TryFind(entry.LastOffset, out LogSegment segment, out BatchPlace marker) || marker.Header is not { IsControl: true } || marker.Header.ProducerId != entry.ProducerId)
            return false;
        using (var scanner = new BatchScanner(segment.File, marker.Position, segment.Size))
        {
            if (!scanner.MoveNext() || !EndTransactionMarker.TryRead(scanner.ReadBatch(), out EndTransactionMarker read) || read.IsCommit)
                return false;
        }
        if (HasOtherMarker(entry))
            return false;
        // Compaction, and the log's start, can have taken the records of an aborted transaction.
        return entry.FirstOffset < segments[0].BaseOffset || !TryFind(entry.FirstOffset, out _, out BatchPlace first) || first.Header.BaseOffset > entry.FirstOffset
            || (first.Header.BaseOffset == entry.FirstOffset && first.Header.ProducerId == entry.ProducerId && first.Header is { IsTransactional: true, IsControl: false });
    }

    /// <summary>Writes the index of a segment anew.</summary>
    public void Rebuild(LogSegment segment)
    {
        segment.TransactionIndex.Reset();
        ProducerStates states = producers.StatesAt(segments[0].BaseOffset, segment.BaseOffset);
        new ProducerReplay(environment, states, segments).ReplayTo(segment.BaseOffset);
        using var scanner = new BatchScanner(segment.File, 0, segment.Size) { Watch = environment.Recovery };
        var walk = new SegmentWalk(scanner, segment.BaseOffset);
        while (walk.MoveNext())
        {
            environment.Recovery.ThrowIfStopped();
            ReadOnlyMemory<byte> control = walk.Header is { IsControl: true, HasProducerId: true } ? walk.ReadBatch() : default;
            if (states.Update(walk.Header, control) is not { } completed)
                continue;
            if (completed.IsAborted)
            {
                segment.TransactionIndex.Append(new AbortedTransaction(completed.ProducerId, completed.FirstOffset, completed.LastOffset,
                    states.LastStableOffsetAfter(completed)));
            }
            states.CompleteTransaction(completed);
        }
    }

    /// <summary>Whether another transaction of the producer ends within what an entry says is one.</summary>
    private bool HasOtherMarker(AbortedTransaction entry)
    {
        for (int i = Math.Max(0, segments.FindLastIndex(held => held.BaseOffset <= entry.FirstOffset)); i < segments.Count && segments[i].BaseOffset <= entry.LastOffset; i++)
        {
            LogSegment segment = segments[i];
            if (segment.Size == 0)
                continue;
            long position = segment.PositionToSearch(Math.Max(entry.FirstOffset, segment.BaseOffset), segment.Size, out long next);
            using var scanner = new BatchScanner(segment.File, position, segment.Size) { Watch = environment.Recovery };
            var walk = new SegmentWalk(scanner, next);
            while (walk.MoveNext() && walk.Header.BaseOffset < entry.LastOffset)
            {
                environment.Recovery.ThrowIfStopped();
                if (walk.Header.IsControl && walk.Header.ProducerId == entry.ProducerId && walk.Header.BaseOffset >= entry.FirstOffset)
                    return true;
            }
        }
        return false;
    }

    private bool TryFind(long offset, out LogSegment segment, out BatchPlace place)
    {
        place = default;
        int index = segments.FindLastIndex(held => held.BaseOffset <= offset);
        segment = segments[Math.Max(0, index)];
        return index >= 0 && BatchSearch.Find(segment, offset, segment.Size, long.MaxValue, out place) == Finding.Found;
    }
}
