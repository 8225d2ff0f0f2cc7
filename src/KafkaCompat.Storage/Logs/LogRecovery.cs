using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>Checks the segments behind the recovery point batch by batch and rebuilds what follows from them.</summary>
internal sealed class LogRecovery(LogEnvironment environment, LeaderEpochCache epochs, ProducerStates producers, LogSettings settings, KeptCuts? kept)
{
    /// <summary>Offsets are absent within what was read: compaction has been here, whatever the topic's policy is now.</summary>
    private bool _hasHoles;

    /// <summary>Recovers in place: the list holds afterwards the segments that are good, the last one open for appends. Null where there is none.</summary>
    public RecoveredLog? Recover(List<LogSegment> segments, LogOpening opening)
    {
        if (segments.Count == 0)
            return null;
        var hasCut = false;
        RecoveredSegment recovered = default;
        var first = Math.Max(0, segments.FindLastIndex(segment => segment.BaseOffset <= opening.RecoveryPoint));
        var logStart = Math.Max(opening.LogStartOffset, segments[0].BaseOffset);
        var replay = new ProducerReplay(environment, producers, segments);
        producers.LoadFromSnapshot(logStart, segments[first].BaseOffset, environment.NowMs());
        replay.ReplayTo(segments[first].BaseOffset);
        for (var i = first; i < segments.Count; i++)
        {
            var isLast = i == segments.Count - 1;
            var wasEmptied = !isLast && segments[i].IsEmptied;
            recovered = Recover(segments[i], opening.RecoveryPoint, isLast ? long.MaxValue : segments[i + 1].BaseOffset, behind: segments.Count - i - 1);
            hasCut |= recovered.IsCut;
            if (isLast)
                break;
            // The tail of a file can be lost between two batches, which leaves no trace in it: only the next segment's name shows it. A gap is
            // no loss where compaction may have made it; but no log has two batches for one offset.
            var next = recovered.NextOffset;
            var nextBase = segments[i + 1].BaseOffset;
            if (!recovered.IsCut && (next == nextBase || (next < nextBase && (settings.IsCompacted || _hasHoles || nextBase <= opening.RecoveryPoint))))
            {
                if (next < nextBase && (wasEmptied || (!settings.IsCompacted && !_hasHoles)))
                    environment.Recovery.Repaired(new LogRepair(RepairAct.RecordsMissing, segments[i].LogPath, FromOffset: next, ToOffset: nextBase));
                segments[i].Seal();
                producers.SetEndOffset(nextBase);
                producers.TakeSnapshot();
                continue;
            }
            RemoveBehind(segments, i, nextBase, next);
            hasCut = true;
            if (recovered.LeansOnBound)
                recovered = Recover(segments[i], opening.RecoveryPoint, long.MaxValue, behind: 0);
        }
        return new RecoveredLog(segments[first].BaseOffset, recovered.NextOffset, hasCut);
    }

    private void RemoveBehind(List<LogSegment> segments, int index, long from, long end)
    {
        var count = segments.Count - index - 1;
        string? keptAs = null;
        kept?.RequireRoom(segments[index], segments[index].Size, count);
        foreach (var beyond in segments.Skip(index + 1))
        {
            if (kept is not null && beyond.Size > 0)
                keptAs = kept.SetAside(beyond);
            beyond.DeleteFiles();
        }
        if (keptAs is not null)
            environment.Files.SyncFolder(Path.GetDirectoryName(keptAs)!);
        environment.Recovery.Repaired(
            new LogRepair(RepairAct.SegmentsDeleted, segments[index].LogPath, FromOffset: from, ToOffset: end, Count: count) { KeptAs = keptAs });
        segments.RemoveRange(index + 1, count);
    }

    private RecoveredSegment Recover(LogSegment segment, long recoveryPoint, long bound, int behind)
    {
        _ = segment.OpenForAppend();
        segment.ResetIndexes();
        segment.TransactionIndex.Reset();
        var length = segment.File.Length;
        SegmentWalk walk;
        string? keptAs = null;
        using (var scanner = new BatchScanner(segment.File, 0, length, BatchScanner.WholeReadBytes) { Watch = environment.Recovery })
        {
            walk = new SegmentWalk(scanner, segment.BaseOffset)
            {
                ChecksChecksums = true,
                KeepsBefore = recoveryPoint,
                Bound = bound,
                AllowsHoleAtEnd = bound < long.MaxValue || settings.IsCompacted || _hasHoles,
            };
            while (walk.MoveNext())
            {
                var header = walk.Header;
                segment.Index(header, walk.Position, settings.IndexIntervalBytes);
                if (header.PartitionLeaderEpoch > epochs.LatestEpoch)
                {
                    // Their file follows before the recovery point moves: until then the next recovery reads them out of the same batches.
                    _ = epochs.Put(header.PartitionLeaderEpoch, header.BaseOffset);
                }
                Replay(segment, header, walk);
                environment.Recovery.Checked(header.SizeInBytes);
            }
            _hasHoles |= walk.HasHoles;
            RequireKnown(segment, walk, scanner);
            if (kept is not null && (KeptCuts.HasSoundBatches(scanner, walk) || (walk.End < length && behind > 0)))
            {
                kept.RequireRoom(segment, walk.End, behind + 1);
                keptAs = kept.Copy(segment, walk.End, length);
            }
        }
        LogLoader.Report(environment, segment, walk, length, keptAs);
        // An empty file is its name alone. Of others nothing is known to be on the disk but what is before the recovery point.
        segment.SetRecoveredSize(walk.End, afterKill: true, isOnDisk: length == 0 || walk.NextOffset <= recoveryPoint);
        segment.RewriteIndexes();
        // Where others follow an empty one this recovery has emptied its indexes, or one that was killed before the sync.
        // A power cut must not bring them back.
        if (length == 0 && bound < long.MaxValue)
            segment.IndexesWritten();
        // A node has to come up again with the descriptors that it ran with: whoever syncs these files opens them again.
        segment.CloseFiles();
        return new RecoveredSegment(
            walk.ReachedOffset, IsCut: walk.End < length, LeansOnBound: bound < long.MaxValue
                && walk.Damage.Any(static damage => damage.Why == ScanStop.BadOffset));
    }

    /// <summary>
    /// A batch of a magic to come, whose length is right and whose checksum stands elsewhere, is not torn: this version must not take the log.
    /// </summary>
    private static void RequireKnown(LogSegment segment, SegmentWalk walk, BatchScanner scanner)
    {
        if (walk.Stop != ScanStop.BadChecksum || !scanner.HasUnknownMagic)
            return;
        int magic = scanner.Header.Magic;
        var isWhole = scanner.IsAtEnd;
        if (!isWhole)
        {
            scanner.Restart(scanner.Next);
            isWhole = scanner.MoveNext() && scanner.IsSound() && scanner.Header.LastOffset >= walk.NextOffset;
        }
        if (isWhole)
        {
            throw new LogCorruptionException($"{segment.LogPath} holds a batch of magic {magic} at byte {walk.End}, which this version cannot read. "
                + "Start the version that wrote it; nothing was changed from that byte on.");
        }
    }

    private void Replay(LogSegment segment, in RecordBatchHeader header, SegmentWalk walk)
    {
        // What a snapshot holds already is not taken in twice.
        if (header.BaseOffset < producers.EndOffset)
            return;
        var control = header is { IsControl: true, HasProducerId: true } ? walk.ReadBatch() : default;
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
