using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// Temporary files of an interrupted deletion or cleaning. <c>.deleted</c> files are deleted. A <c>.cleaned</c> file belongs to an unfinished cleaning: it is
/// deleted, and so are the <c>.swap</c> files from its base on. Other <c>.swap</c> files belong to a finished cleaning: they replace the segments they cover.
/// </summary>
internal sealed class TemporaryFiles(LogEnvironment environment, string folder)
{
    private readonly IFileStore _files = environment.Files;

    private static readonly string[] s_suffixes = [SegmentFiles.Deleted, SegmentFiles.Cleaned, SegmentFiles.Swap];

    private static readonly string[] s_kinds = [SegmentFiles.Log, SegmentFiles.OffsetIndex, SegmentFiles.TimeIndex, SegmentFiles.TransactionIndex];

    /// <summary>
    /// True where something of the folder's entries was changed. A crash within it leaves what leads to the same: a <c>.cleaned</c> file stays until nothing is
    /// left that it undoes, and what was cleaned has its names from the first segment on, the file with the batches first, so that none of it is taken for what
    /// it replaces.
    /// </summary>
    public bool Remove(IReadOnlyList<StoredEntry> entries)
    {
        // Most folders have none.
        if (!entries.Any(static entry => s_suffixes.Any(suffix => entry.Name.EndsWith(suffix, StringComparison.Ordinal))))
            return false;
        List<string> names = [.. entries.Where(static entry => !entry.IsFolder).Select(static entry => entry.Name)];
        var changed = false;
        foreach (var name in names.Where(static name => name.EndsWith(SegmentFiles.Deleted, StringComparison.Ordinal)))
        {
            Delete(name, RepairAct.DeletionFinished);
            changed = true;
        }
        var cleaned = names.FindAll(static name => name.EndsWith(SegmentFiles.Cleaned, StringComparison.Ordinal));
        var swaps = names.FindAll(static name => name.EndsWith(SegmentFiles.Swap, StringComparison.Ordinal));
        var firstCleaned = cleaned.Select(static name => TryBaseOffset(name, out var baseOffset) ? baseOffset : long.MaxValue).DefaultIfEmpty(long.MaxValue)
            .Min();
        foreach (var swap in swaps.FindAll(swap => TryBaseOffset(swap, out var baseOffset) && baseOffset >= firstCleaned))
        {
            Delete(swap, RepairAct.CleaningUndone);
            _ = swaps.Remove(swap);
            changed = true;
        }
        foreach (var name in cleaned)
        {
            Delete(name, RepairAct.CleaningUndone);
            changed = true;
        }
        if (swaps.Count == 0)
            return changed;
        DeleteReplaced(swaps, names);
        foreach (var swap in swaps.OrderBy(static swap => TryBaseOffset(swap, out var baseOffset) ? baseOffset : long.MaxValue)
            .ThenBy(static swap => !swap.EndsWith(SegmentFiles.Log + SegmentFiles.Swap, StringComparison.Ordinal)))
        {
            // A segment that brings no index is not read again, as in Kafka: it has an empty one.
            if (SegmentFiles.TryParse(swap, SegmentFiles.Log + SegmentFiles.Swap, out var baseOffset)
                && !swaps.Contains(SegmentFiles.Name(baseOffset, SegmentFiles.OffsetIndex + SegmentFiles.Swap)))
            {
                _files.Open(Path.Combine(folder, SegmentFiles.Name(baseOffset, SegmentFiles.OffsetIndex)), FileOpening.OpenOrCreate).Dispose();
            }

            _files.Rename(Path.Combine(folder, swap), Path.Combine(folder, swap[..^SegmentFiles.Swap.Length]));
            Report(RepairAct.CleaningFinished, swap);
        }
        return true;
    }

    private void Report(RepairAct act, string name) => environment.Recovery.Repaired(new LogRepair(act, Path.Combine(folder, name)));

    private void Delete(string name, RepairAct act)
    {
        _files.Delete(Path.Combine(folder, name));
        Report(act, name);
    }

    private static bool TryBaseOffset(string name, out long baseOffset)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        baseOffset = -1;
        return dot > 0 && long.TryParse(name.AsSpan(0, dot), out baseOffset);
    }

    /// <summary>
    /// Deletes what a finished cleaning replaces: all from its first segment's base to the end of its last one's batches. What of it is damaged goes instead
    /// where the segment that it was made of is still there; each of the others replaces then what it covers itself.
    /// </summary>
    private void DeleteReplaced(List<string> swaps, List<string> names)
    {
        var covered = new List<(long From, long To)>();
        var isWhole = true;
        foreach (var swap in swaps.ToList())
        {
            if (!SegmentFiles.TryParse(swap, SegmentFiles.Log + SegmentFiles.Swap, out var baseOffset))
                continue;
            var isSound = FindEnd(baseOffset, out var end);
            isWhole &= isSound;
            if (isSound || !names.Contains(SegmentFiles.Name(baseOffset, SegmentFiles.Log)))
                covered.Add((baseOffset, end));
            else
                Undo(baseOffset, swaps);
        }
        if (isWhole && covered.Count > 0)
            covered.Add((covered.Min(static range => range.From), covered.Max(static range => range.To)));
        foreach (var name in names)
        {
            foreach (var kind in s_kinds)
            {
                if (SegmentFiles.TryParse(name, kind, out var baseOffset)
                    && covered.Exists(range => baseOffset == range.From || (baseOffset > range.From && baseOffset < range.To)))
                {
                    _files.Delete(Path.Combine(folder, name));
                }
            }
        }
    }

    /// <summary>The offset behind what a cleaning left in a segment; false where not all of it is whole and sound.</summary>
    private bool FindEnd(long swapBase, out long end)
    {
        using var file = _files.Open(Path.Combine(folder, SegmentFiles.Name(swapBase, SegmentFiles.Log + SegmentFiles.Swap)), FileOpening.Read);
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
        foreach (var swap in swaps.FindAll(swap => TryBaseOffset(swap, out var baseOffset) && baseOffset == swapBase))
        {
            _files.Delete(Path.Combine(folder, swap));
            Report(RepairAct.CleaningUndone, swap);
            _ = swaps.Remove(swap);
        }
    }
}
