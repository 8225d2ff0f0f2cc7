using System.Buffers;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// What recovery cuts off a log that must lose nothing without a way back: where sound batches follow the damage, the bytes are put beside the segment first,
/// under its name with <c>.cut-</c> and the position where they stood. Kafka passes over such files.
/// </summary>
internal sealed class KeptCuts(LogEnvironment environment, string folder)
{
    /// <summary>A disk that damages more than this is not one to go on with.</summary>
    private const int MaxFiles = 16;

    private const string Infix = SegmentFiles.Log + ".cut-";
    private const int CopyBytes = 1 << 20;

    private readonly IFileStore _files = environment.Files;

    /// <summary>Whether any of what a walk left behind its end was a batch once.</summary>
    public static bool HasSoundBatches(BatchScanner scanner, SegmentWalk walk)
    {
        if (walk.Stop == ScanStop.End)
            return false;
        scanner.Restart(walk.End);
        return (scanner.MoveNext() && scanner.CheckChecksum()) || scanner.TryResync(walk.NextOffset, enoughOffset: 0, long.MaxValue);
    }

    /// <summary>Copies the end of a segment, durably; returns where to.</summary>
    public string Copy(LogSegment segment, long position, long length)
    {
        var path = NameFor(segment, position);
        var temporary = path + ".tmp";
        _files.Delete(temporary);
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            using var copy = _files.Open(temporary, FileOpening.CreateNew);
            for (var at = position; at < length;)
            {
                environment.Recovery.ThrowIfStopped();
                var read = segment.File.Read(at, buffer.AsSpan(0, (int)Math.Min(CopyBytes, length - at)));
                if (read == 0)
                    break;
                copy.Write(at - position, buffer.AsSpan(0, read));
                at += read;
            }
            copy.Sync();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        _files.Rename(temporary, path);
        _files.SyncFolder(folder);
        return path;
    }

    /// <summary>Gives the file of a whole segment another name, and returns that.</summary>
    public string SetAside(LogSegment segment)
    {
        var path = NameFor(segment, 0);
        segment.Close();
        _files.Rename(segment.LogPath, path);
        return path;
    }

    /// <summary>Throws where there is no room for more of them.</summary>
    public void RequireRoom(LogSegment damaged, long position, int more)
    {
        var kept = Kept().Count;
        if (kept + more > MaxFiles)
        {
            throw new LogCorruptionException(
                $"{damaged.LogPath} has to be cut at byte {position}, and records stand behind it. A start keeps what it cuts, and {folder} holds {kept} files "
                + $"of earlier cuts (*{Infix}*). Restore the folder from a copy; or move those files elsewhere and start again. No record was removed.");
        }
    }

    private string NameFor(LogSegment segment, long position)
    {
        var kept = Kept();
        var name = $"{SegmentFiles.Name(segment.BaseOffset, Infix)}{position}";
        for (var i = 2; kept.Contains(name); i++)
            name = $"{SegmentFiles.Name(segment.BaseOffset, Infix)}{position}-{i}";
        return Path.Combine(folder, name);
    }

    private List<string> Kept() =>
        [.. _files.List(folder).Select(static entry => entry.Name)
            .Where(static name => name.Contains(Infix, StringComparison.Ordinal) && !name.EndsWith(".tmp", StringComparison.Ordinal))];
}
