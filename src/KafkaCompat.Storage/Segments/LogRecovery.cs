using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Segments;

/// <summary>Checks the segments behind the recovery point batch by batch and rebuilds what follows from them.</summary>
internal sealed class LogRecovery(LogEnvironment environment, LeaderEpochCache epochs, ProducerStates producers, LogSettings settings)
{
    /// <summary>Offsets are absent within what was read: compaction has been here, whatever the topic's policy is now.</summary>
    private bool _hasHoles;

    /// <summary>Recovers in place: the list holds afterwards the segments that are good.</summary>
    public void Recover(List<LogSegment> segments, LogOpening opening)
    {
        if (segments.Count == 0)
            return;
        int first = Math.Max(0, segments.FindLastIndex(segment => segment.BaseOffset <= opening.RecoveryPoint));
        long logStart = Math.Max(opening.LogStartOffset, segments[0].BaseOffset);
        var replay = new ProducerReplay(environment, producers, segments);
        producers.LoadFromSnapshot(logStart, segments[first].BaseOffset, environment.NowMs());
        replay.ReplayTo(segments[first].BaseOffset);
        for (int i = first; i < segments.Count; i++)
        {
            long length = segments[i].File.Length;
            Recover(segments[i], out long next);
            if (i == segments.Count - 1)
                break;
            // The tail of a file can be lost between two batches, which leaves no trace in it: only the next segment's name tells. A gap is
            // no loss where compaction may have made it.
            if (segments[i].Size == length && (settings.IsCompacted || _hasHoles || next == segments[i + 1].BaseOffset))
            {
                segments[i].Seal();
                producers.SetEndOffset(segments[i + 1].BaseOffset);
                producers.TakeSnapshot(sync: false);
                continue;
            }
            environment.Recovery.Repaired(new LogRepair(RepairAct.SegmentsDeleted, segments[i].PathOf(SegmentFiles.Log),
                FromOffset: segments[i + 1].BaseOffset, ToOffset: next, Count: segments.Count - i - 1));
            foreach (LogSegment beyond in segments.Skip(i + 1))
                LogLoader.DeleteFiles(environment.Files, beyond, "");
            segments.RemoveRange(i + 1, segments.Count - i - 1);
        }
    }

    private void Recover(LogSegment segment, out long next)
    {
        _ = segment.OpenForAppend();
        segment.ResetIndexes();
        segment.TransactionIndex.Reset();
        long length = segment.File.Length;
        long end;
        using (var scanner = new BatchScanner(segment.File, 0, length, BatchScanner.WholeReadBytes))
        {
            next = segment.BaseOffset;
            while (scanner.MoveNext() && scanner.CheckChecksum() && scanner.Header.BaseOffset >= next)
            {
                RecordBatchHeader header = scanner.Header;
                _hasHoles |= header.BaseOffset > next || header.RecordCount <= header.LastOffsetDelta;
                segment.Index(header, scanner.Position, settings.IndexIntervalBytes);
                if (header.PartitionLeaderEpoch > epochs.LatestEpoch)
                {
                    // Their file follows before the recovery point moves: until then the next recovery reads them out of the same batches.
                    _ = epochs.Put(header.PartitionLeaderEpoch, header.BaseOffset);
                }
                Replay(segment, scanner);
                next = header.NextOffset;
                environment.Recovery.Checked(header.SizeInBytes);
            }
            end = scanner.Stop is ScanStop.None or ScanStop.BadChecksum ? scanner.Position : scanner.Next;
            if (end < length)
            {
                environment.Recovery.Repaired(new LogRepair(RepairAct.LogCut, segment.PathOf(SegmentFiles.Log), ScanStops.Describe(scanner.Stop, end), next, next, length - end));
            }
        }
        segment.SetRecoveredSize(end, afterKill: true);
        segment.RewriteIndexes();
        // A node has to come up again with the descriptors that it ran with: whoever syncs these files opens them again.
        segment.LetGoOfFiles();
    }

    private void Replay(LogSegment segment, BatchScanner scanner)
    {
        RecordBatchHeader header = scanner.Header;
        // What a snapshot holds already is not taken in twice.
        if (header.BaseOffset < producers.EndOffset)
            return;
        ReadOnlyMemory<byte> control = header is { IsControl: true, HasProducerId: true } ? scanner.ReadBatch() : default;
        if (producers.Update(header, control) is not { } completed)
            return;
        if (completed.IsAborted)
        {
            segment.TransactionIndex.Append(new AbortedTransaction(completed.ProducerId, completed.FirstOffset, completed.LastOffset,
                producers.LastStableOffsetAfter(completed)));
        }
        producers.CompleteTransaction(completed);
    }
}
