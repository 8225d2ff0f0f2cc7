using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// Opens a partition's folder. What an interrupted cleaning or deletion left is finished or removed. After a clean shutdown the files are trusted
/// and old segments are not even opened; otherwise every segment from the recovery point on is read, cut at the first batch that is not whole and sound,
/// and its indexes, the leader epochs and the producer states are built anew.
/// </summary>
internal sealed class LogLoader(LogEnvironment environment, string folder, LogSettings settings, LogOpening opening)
{
    private readonly IFileStore _files = environment.Files;
    private readonly Lock _gate = new();

    public LoadedLog Load()
    {
        if (!_files.FolderExists(folder))
        {
            _files.CreateFolder(folder);
            _files.SyncFolder(Path.GetDirectoryName(folder)!);
        }
        IReadOnlyList<StoredEntry> entries = _files.List(folder);
        if (new LeftOvers(environment, folder).Remove(entries))
        {
            _files.SyncFolder(folder);
            entries = _files.List(folder);
        }
        LeaderEpochCache epochs = LeaderEpochCache.Open(environment, folder);
        var producers = new ProducerStates(environment, folder, _gate, Snapshots(entries));
        List<LogSegment> segments = FindSegments(entries);
        if (!opening.IsClean)
            new LogRecovery(environment, epochs, producers, settings).Recover(segments, opening);

        long logEnd = segments.Count == 0 ? opening.LogStartOffset : OpenLast(segments[^1]);
        if (logEnd < opening.LogStartOffset)
        {
            environment.Recovery.Repaired(new LogRepair(RepairAct.LogStartedOver, folder, FromOffset: logEnd, ToOffset: opening.LogStartOffset, Count: segments.Count));
            foreach (LogSegment segment in segments)
                DeleteFiles(_files, segment, "");
            segments.Clear();
            epochs.Clear();
            logEnd = opening.LogStartOffset;
        }
        if (segments.Count == 0)
            segments.Add(LogSegment.Create(environment, folder, opening.LogStartOffset, settings));
        long logStart = Math.Max(opening.LogStartOffset, segments[0].BaseOffset);
        epochs.TruncateFromEnd(logEnd);
        epochs.TruncateFromStart(logStart);
        LoadProducers(producers, segments, logStart, logEnd);
        foreach (LogSegment segment in segments)
            segment.LetGoOfFiles();
        long recoveryPoint = opening.IsClean ? logEnd : Math.Min(opening.RecoveryPoint, logEnd);
        return new LoadedLog(folder, _gate, segments, epochs, producers, logStart, logEnd, recoveryPoint);
    }

    /// <summary>Deletes a segment's files, whose names have got a suffix or not.</summary>
    public static void DeleteFiles(IFileStore files, LogSegment segment, string suffix)
    {
        segment.Close();
        foreach (string kind in (ReadOnlySpan<string>)[SegmentFiles.Log, SegmentFiles.OffsetIndex, SegmentFiles.TimeIndex, SegmentFiles.TransactionIndex])
            files.Delete(segment.PathOf(kind) + suffix);
    }

    private static IEnumerable<long> Snapshots(IReadOnlyList<StoredEntry> entries)
    {
        foreach (StoredEntry entry in entries)
        {
            if (!entry.IsFolder && SegmentFiles.TryParse(entry.Name, SegmentFiles.ProducerSnapshot, out long offset))
                yield return offset;
        }
    }

    private List<LogSegment> FindSegments(IReadOnlyList<StoredEntry> entries)
    {
        var sizes = new Dictionary<string, long>(entries.Count, StringComparer.Ordinal);
        foreach (StoredEntry entry in entries)
        {
            if (!entry.IsFolder)
                sizes[entry.Name] = entry.Length;
        }
        var segments = new List<LogSegment>();
        foreach (string name in sizes.Keys.Order(StringComparer.Ordinal))
        {
            if (!SegmentFiles.TryParse(name, SegmentFiles.Log, out long baseOffset))
                continue;
            long jitter = environment.NextRandom(Math.Min(settings.SegmentJitterMs, settings.SegmentMs));
            var segment = new LogSegment(environment, folder, baseOffset, sizes[name], jitter);
            // As in Kafka, a missing time index beside an offset index is an empty one: it stands for records without timestamps.
            bool sound = sizes.TryGetValue(SegmentFiles.Name(baseOffset, SegmentFiles.OffsetIndex), out long length) && segment.OffsetIndex.OpenSealed(length)
                && segment.TimeIndex.OpenSealed(sizes.GetValueOrDefault(SegmentFiles.Name(baseOffset, SegmentFiles.TimeIndex)))
                && segment.TransactionIndex.IsSound(baseOffset);
            if (!sound)
                RebuildIndexes(segment);
            segments.Add(segment);
        }
        return segments;
    }

    /// <summary>Builds the offset and time index of a segment whose log is trusted.</summary>
    private void RebuildIndexes(LogSegment segment)
    {
        environment.Recovery.Repaired(new LogRepair(RepairAct.IndexRebuilt, segment.PathOf(SegmentFiles.Log)));
        segment.ResetIndexes();
        using (var scanner = new BatchScanner(segment.File, 0, segment.Size))
        {
            while (scanner.MoveNext())
            {
                segment.Index(scanner.Header, scanner.Position, settings.IndexIntervalBytes);
                environment.Recovery.ThrowIfStopped();
            }
        }
        segment.RewriteIndexes();
        segment.LetGoOfFiles();
    }

    /// <summary>Makes the last segment the active one and finds where the log ends.</summary>
    private long OpenLast(LogSegment active)
    {
        if (!active.OpenForAppend())
            RebuildIndexes(active);
        // The usual partition of a broker that has many: nothing was ever written to it, and its length says so.
        if (opening.IsClean && active.Size == 0)
            return active.BaseOffset;
        long next = active.FindNextOffset(out long end, out ScanStop stop, out int badLength);
        if (stop is ScanStop.BadLength && opening.IsClean)
        {
            throw new LogCorruptionException($"Found record size {badLength} smaller than minimum record overhead (14) in file {active.PathOf(SegmentFiles.Log)}.");
        }
        if (stop != ScanStop.End)
            environment.Recovery.Repaired(new LogRepair(RepairAct.LogCut, active.PathOf(SegmentFiles.Log), ScanStops.Describe(stop, end), next, next, active.File.Length - end));
        active.SetRecoveredSize(end, afterKill: !opening.IsClean);
        return next;
    }

    private void LoadProducers(ProducerStates producers, List<LogSegment> segments, long logStart, long logEnd)
    {
        producers.DeleteStraySnapshots([.. segments.Select(static segment => segment.BaseOffset)]);
        if (opening.IsClean && !producers.HasSnapshots())
        {
            // A log that was closed cleanly and has no snapshot never had a producer worth one.
            producers.Clear();
            producers.SetEndOffset(logEnd);
            return;
        }
        new ProducerReplay(environment, producers, segments).Rebuild(logStart, logEnd);
    }
}
