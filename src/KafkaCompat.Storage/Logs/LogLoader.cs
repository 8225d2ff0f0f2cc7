using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// Opens a partition's folder. What an interrupted cleaning or deletion left is finished or removed. After a clean shutdown the files are trusted
/// and old segments are not even opened; otherwise every segment from the recovery point on is read, cut at the first batch that is not whole and sound,
/// and its indexes, the leader epochs and the producer states are rebuilt.
/// </summary>
internal sealed class LogLoader(LogEnvironment environment, string folder, LogSettings settings, LogOpening opening)
{
    private readonly IFileStore _files = environment.Files;
    private readonly Lock _gate = new();

    /// <summary>Something was cut off the end of a trusted log, and reported.</summary>
    private bool _isCut;

    public LoadedLog Load()
    {
        if (!_files.FolderExists(folder))
        {
            _files.CreateFolder(folder);
            _files.SyncFolder(Path.GetDirectoryName(folder)!);
        }
        var entries = _files.List(folder);
        if (new TemporaryFiles(environment, folder).Remove(entries))
        {
            _files.SyncFolder(folder);
            entries = _files.List(folder);
        }
        var epochs = LeaderEpochCache.Open(environment, folder);
        var producers = new ProducerStates(environment, folder, _gate, Snapshots(entries));
        var segments = new List<LogSegment>();
        try
        {
            FindSegments(entries, segments);
            return Load(segments, epochs, producers);
        }
        catch
        {
            // Nobody has them: another start of this process may have the descriptors.
            foreach (var segment in segments)
                segment.CloseFiles();
            throw;
        }
    }

    private LoadedLog Load(List<LogSegment> segments, LeaderEpochCache epochs, ProducerStates producers)
    {
        if (!opening.IsClean)
            RebuildLostTimes(segments);
        var recovered = opening.IsClean
            ? null
            : new LogRecovery(environment, epochs, producers, settings, opening.KeepsCuts ? new KeptCuts(environment, folder) : null)
            .Recover(segments, opening);
        var builtFrom = recovered?.From ?? long.MaxValue;
        ReportEmptied(segments, builtFrom);
        CheckTransactionIndexes(segments, producers, builtFrom);

        var logEnd = segments.Count == 0 ? opening.LogStartOffset : recovered?.End ?? OpenLast(segments[^1]);
        var isCut = recovered?.HasCut ?? _isCut;
        if (logEnd < opening.RecoveryPoint && logEnd >= opening.HighWatermark && !isCut)
            Missing(segments, logEnd);
        if (logEnd < opening.LogStartOffset)
        {
            environment.Recovery.Repaired(
                new LogRepair(RepairAct.LogStartedOver, folder, FromOffset: logEnd, ToOffset: opening.LogStartOffset, Count: segments.Count));
            foreach (var segment in segments)
                segment.DeleteFiles();
            segments.Clear();
            epochs.Clear();
            logEnd = opening.LogStartOffset;
        }
        if (segments.Count == 0)
            segments.Add(LogSegment.Create(environment, folder, opening.LogStartOffset, settings));
        var logStart = Math.Max(opening.LogStartOffset, segments[0].BaseOffset);
        if (epochs.CountBehind(logEnd) is > 0 and int lost)
            environment.Recovery.Repaired(new LogRepair(RepairAct.EpochsCut, Path.Combine(folder, LeaderEpochCache.FileName), ToOffset: logEnd, Count: lost));
        epochs.TruncateFromEnd(logEnd);
        epochs.TruncateFromStart(logStart);
        LoadProducers(producers, segments, logStart, logEnd);
        foreach (var segment in segments)
            segment.CloseFiles();
        var recoveryPoint = opening.IsClean ? logEnd : Math.Min(opening.RecoveryPoint, logEnd);
        Invariant.Holds(logStart <= logEnd && recoveryPoint <= logEnd,
            $"{folder}: a log from {logStart} to {logEnd} was opened with the recovery point {recoveryPoint}");
        Invariant.Holds(segments[^1].BaseOffset <= logEnd, $"{folder}: its last segment begins at {segments[^1].BaseOffset}, and it ends at {logEnd}");
        Invariant.Holds(epochs.CountBehind(logEnd) == 0, $"{folder}: {epochs.CountBehind(logEnd)} epochs begin behind its end at {logEnd}");
        return new LoadedLog(folder, _gate, [.. segments], epochs, producers, logStart, logEnd, recoveryPoint) { UnsyncedFrom = builtFrom };
    }

    private static IEnumerable<long> Snapshots(IReadOnlyList<StoredEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (!entry.IsFolder && SegmentFiles.TryParse(entry.Name, SegmentFiles.ProducerSnapshot, out var offset))
                yield return offset;
        }
    }

    private void FindSegments(IReadOnlyList<StoredEntry> entries, List<LogSegment> segments)
    {
        var sizes = new Dictionary<string, long>(entries.Count, StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (!entry.IsFolder)
                sizes[entry.Name] = entry.Length;
        }
        foreach (var name in sizes.Keys.Order(StringComparer.Ordinal))
        {
            if (!SegmentFiles.TryParse(name, SegmentFiles.Log, out var baseOffset))
                continue;
            var jitter = environment.NextRandom(Math.Min(settings.SegmentJitterMs, settings.SegmentMs));
            var segment = new LogSegment(environment, folder, baseOffset, sizes[name], jitter);
            // As in Kafka, a missing time index beside an offset index is an empty one: it stands for records without timestamps.
            var sound = sizes.TryGetValue(SegmentFiles.Name(baseOffset, SegmentFiles.OffsetIndex), out var length) && segment.OffsetIndex.OpenSealed(length)
                && segment.TimeIndex.OpenSealed(sizes.GetValueOrDefault(SegmentFiles.Name(baseOffset, SegmentFiles.TimeIndex)));
            segments.Add(segment);
            if (!sound)
                RebuildIndexes(segment);
        }
    }

    /// <summary>
    /// A roll at the recovery point writes the last entry of the sealed segment's time index, and the disk may have lost that before a sync. An index without
    /// any entry would stand for records without timestamps, and a search by time would pass them by.
    /// </summary>
    private void RebuildLostTimes(List<LogSegment> segments)
    {
        var next = segments.FindIndex(segment => segment.BaseOffset == opening.RecoveryPoint);
        if (next > 0 && segments[next - 1] is { Size: > 0, TimeIndex.Count: 0 } rolled && rolled.Times.CertainLargest().Timestamp >= 0)
            RebuildIndexes(rolled);
    }

    /// <summary>Builds the offset and time index of a segment whose log is trusted.</summary>
    private void RebuildIndexes(LogSegment segment)
    {
        environment.Recovery.Repaired(new LogRepair(RepairAct.IndexRebuilt, segment.LogPath));
        segment.ResetIndexes();
        using (var scanner = new BatchScanner(segment.File, 0, segment.Size) { Watch = environment.Recovery })
        {
            var walk = new SegmentWalk(scanner, segment.BaseOffset);
            while (walk.MoveNext())
            {
                segment.Index(walk.Header, walk.Position, settings.IndexIntervalBytes);
                environment.Recovery.ThrowIfStopped();
            }
        }
        segment.RewriteIndexes();
        // A segment before the recovery point is synced by nobody else.
        segment.SyncIndexes();
        segment.CloseFiles();
    }

    private void ReportEmptied(List<LogSegment> segments, long builtFrom)
    {
        for (var i = 0; i < segments.Count - 1 && segments[i].BaseOffset < builtFrom; i++)
        {
            if (segments[i].IsEmptied)
            {
                environment.Recovery.Repaired(
                    new LogRepair(RepairAct.RecordsMissing, segments[i].LogPath, FromOffset: segments[i].BaseOffset, ToOffset: segments[i + 1].BaseOffset));
            }
        }
    }

    /// <summary>
    /// Transaction indexes have no checksum: each entry has to name a marker and the first batch of its transaction. An index with one that does not is built
    /// again from the log, with the producers as they were where its segment starts. Those from <paramref name="builtFrom"/> on were rebuilt just now.
    /// </summary>
    private void CheckTransactionIndexes(List<LogSegment> segments, ProducerStates producers, long builtFrom)
    {
        var check = new TransactionIndexCheck(environment, segments);
        foreach (var segment in segments)
        {
            if (segment.BaseOffset >= builtFrom)
                break;
            if (segment.TransactionIndex.IsSound(segment.BaseOffset, check.IsTrue))
                continue;
            environment.Recovery.Repaired(new LogRepair(RepairAct.IndexRebuilt, segment.LogPath));
            new TransactionIndexRebuild(environment, producers, segments).Rebuild(segment);
            segment.TransactionIndex.Sync();
            segment.CloseFiles();
        }
    }

    private void Missing(List<LogSegment> segments, long logEnd)
    {
        var path = segments.Count == 0 ? folder : segments[^1].LogPath;
        environment.Recovery.Repaired(new LogRepair(RepairAct.RecordsMissing, path, FromOffset: logEnd, ToOffset: opening.RecoveryPoint));
    }

    /// <summary>Reports what a walk left out, and what of the file goes behind its end.</summary>
    public static void Report(LogEnvironment environment, LogSegment segment, SegmentWalk walk, long length, string? keptAs = null)
    {
        var path = segment.LogPath;
        foreach (var damage in walk.Damage)
        {
            environment.Recovery.Repaired(
                new LogRepair(RepairAct.DamageKept, path, ScanStops.Describe(damage.Why, damage.Position), damage.FromOffset, damage.ToOffset, damage.Length));
        }

        if (walk.End < length)
        {
            environment.Recovery.Repaired(
                new LogRepair(RepairAct.LogCut, path, ScanStops.Describe(walk.Stop, walk.End), walk.NextOffset, walk.NextOffset,
                length - walk.End)
                { KeptAs = keptAs });
        }
    }

    /// <summary>Makes the last segment of a trusted log the active one and finds where the log ends.</summary>
    private long OpenLast(LogSegment active)
    {
        // The usual partition of a broker that has many: nothing was ever written to it, and the lengths of its files say so.
        if (active is { Size: 0, OffsetIndex.Count: 0, TimeIndex.Count: 0 })
        {
            active.OpenEmptyForAppend();
            return active.BaseOffset;
        }
        if (!active.OpenForAppend())
            RebuildIndexes(active);
        if (active.Size == 0)
            return active.BaseOffset;
        var length = active.File.Length;
        using var scanner = new BatchScanner(active.File, 0, length) { Watch = environment.Recovery };
        var walk = active.WalkFromLastEntry(scanner, length, allowsHoleAtEnd: true);
        while (walk.MoveNext())
            environment.Recovery.ThrowIfStopped();
        if (walk.Stop is ScanStop.BadLength)
        {
            throw new LogCorruptionException($"Found record size {scanner.BadLength} smaller than minimum record overhead (14) in file {active.LogPath}.");
        }
        if (LiesAboutItsEnd(walk, scanner))
        {
            environment.Recovery.Repaired(
                new LogRepair(RepairAct.DamageKept, active.LogPath, $"the log was closed at offset {opening.RecoveryPoint} and its last batch says otherwise",
                Math.Min(walk.PreviousNextOffset, walk.NextOffset), opening.RecoveryPoint, length - scanner.Position));
            active.SetRecoveredSize(length, afterKill: false, isOnDisk: true);
            return opening.RecoveryPoint;
        }
        Report(environment, active, walk, length);
        _isCut = walk.End < length;
        active.SetRecoveredSize(walk.End, afterKill: false, isOnDisk: true);
        return walk.NextOffset;
    }

    /// <summary>
    /// Whether the last batch's own offset, or how many it has, is wrong. A log that is closed has its end for its recovery point; a batch that says otherwise
    /// and does not fit to what is before it, or is not sound, is not believed, and keeps its place.
    /// </summary>
    private bool LiesAboutItsEnd(SegmentWalk walk, BatchScanner scanner)
    {
        var closedAt = opening.RecoveryPoint;
        if (closedAt == walk.NextOffset)
            return false;
        return walk.Stop switch
        {
            ScanStop.BadOffset => closedAt > walk.NextOffset,
            ScanStop.End when scanner.Next > scanner.Position => closedAt > walk.PreviousNextOffset && (walk.LastFollowsHole || !IsLastSound(scanner)),
            _ => false,
        };
    }

    private static bool IsLastSound(BatchScanner scanner)
    {
        scanner.Restart(scanner.Position);
        return scanner.MoveNext() && scanner.IsSound() && !scanner.HasUnknownMagic;
    }

    private void LoadProducers(ProducerStates producers, List<LogSegment> segments, long logStart, long logEnd)
    {
        // The one that the last stop left at the log's end is a stray where the log went on.
        var strays = producers.DeleteStraySnapshots([.. segments.Select(static segment => segment.BaseOffset)]);
        if (strays > 1)
            environment.Recovery.Repaired(new LogRepair(RepairAct.SnapshotsDeleted, folder, Count: strays));
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
