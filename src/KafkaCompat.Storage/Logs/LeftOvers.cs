using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// Files that an interrupted deletion or cleaning left. <c>.deleted</c> go. <c>.cleaned</c> is a cleaning that was not finished: it goes, and
/// so do the <c>.swap</c> files from its base on. Other <c>.swap</c> files are a finished cleaning: they take the place of the segments that they cover.
/// </summary>
internal sealed class LeftOvers(LogEnvironment environment, string folder)
{
    private readonly IFileStore _files = environment.Files;

    /// <summary>True where something of the folder's entries was changed.</summary>
    public bool Remove(IReadOnlyList<StoredEntry> entries)
    {
        List<string> names = [];
        foreach (StoredEntry entry in entries)
        {
            if (!entry.IsFolder)
                names.Add(entry.Name);
        }
        bool changed = false;
        long firstCleaned = long.MaxValue;
        foreach (string name in names)
        {
            bool cleaned = name.EndsWith(SegmentFiles.Cleaned, StringComparison.Ordinal);
            if (cleaned && TryBaseOffset(name, out long baseOffset))
                firstCleaned = Math.Min(firstCleaned, baseOffset);
            if (cleaned || name.EndsWith(SegmentFiles.Deleted, StringComparison.Ordinal))
            {
                _files.Delete(Path.Combine(folder, name));
                Tell(cleaned ? RepairAct.CleaningUndone : RepairAct.DeletionFinished, name);
                changed = true;
            }
        }
        List<string> swaps = names.FindAll(static name => name.EndsWith(SegmentFiles.Swap, StringComparison.Ordinal));
        foreach (string swap in swaps.FindAll(swap => TryBaseOffset(swap, out long baseOffset) && baseOffset >= firstCleaned))
        {
            _files.Delete(Path.Combine(folder, swap));
            Tell(RepairAct.CleaningUndone, swap);
            _ = swaps.Remove(swap);
            changed = true;
        }
        bool hadSwaps = swaps.Count > 0;
        foreach (string swap in swaps.ToList())
        {
            if (!SegmentFiles.TryParse(swap, SegmentFiles.Log + SegmentFiles.Swap, out long baseOffset))
                continue;
            if (FindEnd(baseOffset, out long end) || !names.Contains(SegmentFiles.Name(baseOffset, SegmentFiles.Log)))
                DeleteCovered(baseOffset, end, names);
            else
                Undo(baseOffset, swaps);
        }
        foreach (string swap in swaps)
        {
            // A segment that brings no index is not read again, as in Kafka: it has an empty one.
            if (SegmentFiles.TryParse(swap, SegmentFiles.Log + SegmentFiles.Swap, out long baseOffset)
                && !swaps.Contains(SegmentFiles.Name(baseOffset, SegmentFiles.OffsetIndex + SegmentFiles.Swap)))
                _files.Open(Path.Combine(folder, SegmentFiles.Name(baseOffset, SegmentFiles.OffsetIndex)), FileOpening.OpenOrCreate).Dispose();
            _files.Rename(Path.Combine(folder, swap), Path.Combine(folder, swap[..^SegmentFiles.Swap.Length]));
            Tell(RepairAct.CleaningFinished, swap);
        }
        return changed || hadSwaps;
    }

    private void Tell(RepairAct act, string name) => environment.Recovery.Repaired(new LogRepair(act, Path.Combine(folder, name)));

    private static bool TryBaseOffset(string name, out long baseOffset)
    {
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        baseOffset = -1;
        return dot > 0 && long.TryParse(name.AsSpan(0, dot), out baseOffset);
    }

    /// <summary>The offset behind what a cleaning left in a segment; false where not all of it is whole and sound.</summary>
    private bool FindEnd(long swapBase, out long end)
    {
        using StoredFile file = _files.Open(Path.Combine(folder, SegmentFiles.Name(swapBase, SegmentFiles.Log + SegmentFiles.Swap)), FileOpening.Read);
        using var scanner = new BatchScanner(file, 0, file.Length, BatchScanner.WholeReadBytes);
        var walk = new SegmentWalk(scanner, swapBase) { ChecksChecksums = true };
        while (walk.MoveNext())
            environment.Recovery.ThrowIfStopped();
        end = walk.NextOffset;
        return walk.Stop == ScanStop.End && walk.Damage.Count == 0;
    }

    /// <summary>The segments that were cleaned are still there, and what was made of them is damaged: they stay, and it goes.</summary>
    private void Undo(long swapBase, List<string> swaps)
    {
        foreach (string swap in swaps.FindAll(swap => TryBaseOffset(swap, out long baseOffset) && baseOffset == swapBase))
        {
            _files.Delete(Path.Combine(folder, swap));
            Tell(RepairAct.CleaningUndone, swap);
            _ = swaps.Remove(swap);
        }
    }

    private void DeleteCovered(long swapBase, long end, List<string> names)
    {
        foreach (string name in names)
        {
            if (SegmentFiles.TryParse(name, SegmentFiles.Log, out long baseOffset) && baseOffset >= swapBase && baseOffset < end)
            {
                foreach (string kind in (ReadOnlySpan<string>)[SegmentFiles.Log, SegmentFiles.OffsetIndex, SegmentFiles.TimeIndex, SegmentFiles.TransactionIndex])
                    _files.Delete(Path.Combine(folder, SegmentFiles.Name(baseOffset, kind)));
            }
        }
    }
}
