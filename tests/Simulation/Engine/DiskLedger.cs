using System.Text;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Simulation.Engine;

/// <summary>A damaged batch that a start has cut a log at, and what stood from there on, as it was before the damage.</summary>
internal sealed record LogCutAtDamage(Flip Flip, IReadOnlyList<byte[]> Lost);

/// <summary>A segment that retention took out of a log: what it holds, and how many bytes of segments stood in the folder with it.</summary>
internal sealed record DroppedSegment(string Folder, byte[] Bytes, long FolderBytes)
{
    public string Partition { get; } = Path.GetFileName(Folder);
}

/// <summary>
/// What the disks of one machine have to keep, and what they did to it. A node may take records away only where that is so: at a damaged batch, or what no
/// sync had kept when the power went or a sync failed; and it has to say so, with the right file, bytes and offset.
/// </summary>
internal sealed class DiskLedger(Trace trace, ForgetfulFileStore store, Action<string> onFault)
{
    private const int Cut = 1221;
    private const int SegmentsDeleted = 1222;
    private const int StartedOver = 1223;
    private const int DamageKept = 1226;
    private const int Unreadable = 1230;
    private const int AcknowledgedLost = 1232;
    private const int CutAndKept = 1233;
    private const int SegmentsSetAside = 1234;
    private const int RecordsMissing = 1236;

    /// <summary>How much of each log was on the disk at its last sync.</summary>
    private readonly Dictionary<string, long> _durable = new(StringComparer.Ordinal);

    /// <summary>Logs of which a power cut, a failed sync or a full disk may have left less, or something else, than was written.</summary>
    private readonly HashSet<string> _doubted = new(StringComparer.Ordinal);

    /// <summary>
    /// Segments set aside of which a sync had kept less than there was, and how much: where the power goes before their new names are kept they are there
    /// again, under the old ones.
    /// </summary>
    private readonly Dictionary<string, long> _setAside = new(StringComparer.Ordinal);

    /// <summary>Such segments that may be there again since the power was cut.</summary>
    private readonly HashSet<string> _expected = new(StringComparer.Ordinal);

    /// <summary>To what length this life has said that it cuts a log.</summary>
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);

    /// <summary>Partitions that were cut at a damaged batch since a life has served.</summary>
    private readonly HashSet<string> _cut = new(StringComparer.Ordinal);

    /// <summary>Directories whose high watermarks were written down before something was lost: each start tells of that.</summary>
    private readonly HashSet<string> _mayMiss = new(StringComparer.Ordinal);

    /// <summary>A power cut or a failed sync may have taken files as a whole, and no life has served since.</summary>
    private bool _mayLackFiles;

    /// <summary>Whether the present life has opened all of its logs.</summary>
    private bool _isServing;

    public Flips Flips { get; } = new(trace);

    /// <summary>Logs that were cut at a damaged batch.</summary>
    public int Cuts { get; private set; }

    /// <summary>Segments that retention took.</summary>
    public int Drops { get; private set; }

    /// <summary>What lies on the disks, for the life that uses them.</summary>
    public ForgetfulFileStore Store { get; set; } = store;

    /// <summary>Hears of each cut at a damaged batch, before anything is gone.</summary>
    public event Action<LogCutAtDamage>? CutAtDamage;

    /// <summary>Hears of each segment that retention takes.</summary>
    public event Action<DroppedSegment>? Dropped;

    /// <summary>A life begins.</summary>
    public void Begin()
    {
        _told.Clear();
        _isServing = false;
    }

    /// <summary>A life has opened all of its logs, and has said what it misses.</summary>
    public void Serves()
    {
        _isServing = true;
        _mayLackFiles = false;
        _cut.Clear();
        // Those that did not come back: another topic may get their names.
        foreach (var path in _expected.Where(path => !Store.FileExists(path)))
        {
            _ = _durable.Remove(path);
            _ = _doubted.Remove(path);
        }

        _expected.Clear();
    }

    public void Synced(string path, long length)
    {
        _durable[path] = length;
        _ = _doubted.Remove(path);
    }

    /// <summary>A sync of a file or a folder failed, or a full disk took a part of a write.</summary>
    public void Doubt(string path)
    {
        _ = _doubted.Add(path);
        _ = _mayMiss.Add(Directory(path));
        _mayLackFiles = true;
    }

    public void PowerCut()
    {
        _mayLackFiles = true;
        foreach (var folder in new[] { SimNode.MetadataFolder, SimNode.OtherFolder })
        {
            _ = _mayMiss.Add(folder);
            foreach (var partition in Store.FolderExists(folder) ? Store.List(folder).Where(static entry => entry.IsFolder) : [])
            {
                foreach (var log in StoredLogs.Files(Store, $"{folder}/{partition.Name}", ".log"))
                {
                    var path = $"{folder}/{partition.Name}/{log.Name}";
                    if (log.Length > _durable.GetValueOrDefault(path))
                    {
                        _ = _doubted.Add(path);
                    }
                }
            }
        }

        foreach (var (path, durable) in _setAside.Where(aside => !Store.FileExists(aside.Key)))
        {
            _durable[path] = durable;
            _ = _doubted.Add(path);
            _ = _expected.Add(path);
        }

        _setAside.Clear();
    }

    /// <summary>A file gets another length. A log that becomes shorter was to be told of, unless a write that failed is taken back.</summary>
    public void Resized(string path, long from, long to, bool isFailedWrite)
    {
        if (to >= from)
        {
            return;
        }

        Flips.Written(path, to, from);
        if (!StoredLogs.IsLog(path))
        {
            return;
        }

        if (!isFailedWrite && (!_told.Remove(path, out var told) || told != to))
        {
            onFault($"{path} was cut from {from} to {to} bytes, and nothing was said of it");
        }

        _durable[path] = Math.Min(_durable.GetValueOrDefault(path), to);
    }

    public void Renamed(string from, string to)
    {
        if (StoredLogs.IsLog(from) && to == $"{from}.deleted")
        {
            var folder = Path.GetDirectoryName(from)!;
            var folderBytes = StoredLogs.Files(Store, folder, ".log").Sum(static file => file.Length);
            var durable = _durable.GetValueOrDefault(from);
            if (StoredLogs.Bytes(Store, from).Length > durable)
            {
                _setAside[from] = durable;
            }

            Drops++;
            Dropped?.Invoke(new DroppedSegment(folder, Flips.BytesBefore(Store, from), folderBytes));
        }

        if (_isServing && to.EndsWith("/replication-offset-checkpoint", StringComparison.Ordinal) && Says(from).Except(Says(to)).Any())
        {
            // Not where lines were only left out, of partitions that are deleted.
            _ = _mayMiss.Remove(Directory(to));
        }

        Removed(from);
        Flips.Removed(to);
    }

    /// <summary>A file or a folder is gone from its path, by whatever name it goes on.</summary>
    public void Removed(string path)
    {
        Flips.Removed(path);
        foreach (var gone in _durable.Keys.Where(known => known == path || known.StartsWith($"{path}/", StringComparison.Ordinal)).ToList())
        {
            _ = _durable.Remove(gone);
            _ = _doubted.Remove(gone);
        }
    }

    /// <summary>A segment's file is to be deleted, from the log and not from what was set aside before.</summary>
    public void Deleted(string path)
    {
        if (StoredLogs.IsLog(path) && Store.FileExists(path) && !IsInFolderAside(path))
        {
            var partition = Path.GetFileName(Path.GetDirectoryName(path))!;
            using var file = Store.Open(path, FileOpening.Read);
            if (file.Length > 0 && !_mayLackFiles && !_cut.Contains(partition))
            {
                onFault($"{path} was deleted with {file.Length} bytes");
            }
        }

        Removed(path);
    }

    /// <summary>What a node says in its log of what it took or misses. Whether it is right to say it; null where it is about something else.</summary>
    public bool? Judge(EventId id, IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        switch (id.Id)
        {
            case Cut or CutAndKept:
                return IsRightToCut(Text(values, "File"), Number(values, "Bytes"), Number(values, "Offset"));
            case DamageKept:
                var (file, from, to) = (Text(values, "File"), Number(values, "From"), Number(values, "To"));
                return _doubted.Contains(file) || Flips.Standing.Any(flip => flip.Path == file && flip.FromOffset <= to && flip.ToOffset >= from);
            case Unreadable:
                return Flips.Standing.Any(flip => flip.IsOfRecords && flip.Path == Text(values, "File"));
            case AcknowledgedLost:
                return _mayMiss.Contains(Directory(Text(values, "Folder")));
            case SegmentsDeleted or SegmentsSetAside or StartedOver or RecordsMissing:
                return _mayLackFiles || _cut.Contains(Text(values, "Partition"));
            default:
                return null;
        }
    }

    private bool IsRightToCut(string path, long bytes, long offset)
    {
        using var file = Store.Open(path, FileOpening.Read);
        var position = file.Length - bytes;
        _told[path] = position;
        if (Flips.Standing.FirstOrDefault(flip => flip.IsOfRecords && flip.Path == path && flip.BatchPosition == position) is not { } damage)
        {
            return _doubted.Contains(path) && position >= _durable.GetValueOrDefault(path);
        }

        _ = _cut.Add(damage.Partition);
        _ = _mayMiss.Add(Directory(path));
        Cuts++;
        CutAtDamage?.Invoke(new LogCutAtDamage(damage, Behind(damage)));
        return offset == damage.FromOffset;
    }

    /// <summary>What stands in a log from a damaged batch on, file by file.</summary>
    private List<byte[]> Behind(Flip damage)
    {
        var folder = Path.GetDirectoryName(damage.Path)!;
        var name = Path.GetFileName(damage.Path);
        return
        [
            Flips.BytesBefore(Store, damage.Path)[(int)damage.BatchPosition..],
            .. StoredLogs.Files(Store, folder, ".log").Where(file => string.CompareOrdinal(file.Name, name) > 0)
                .Select(file => Flips.BytesBefore(Store, $"{folder}/{file.Name}")),
        ];
    }

    private IEnumerable<string> Says(string path) =>
        Store.FileExists(path) ? Encoding.UTF8.GetString(StoredLogs.Bytes(Store, path)).Split('\n').Skip(2) : [];

    /// <summary>The directory of a path: its first part.</summary>
    private static string Directory(string path) => path.IndexOf('/', 1) is > 0 and var end ? path[..end] : path;

    private static bool IsInFolderAside(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        return folder.EndsWith("-delete", StringComparison.Ordinal) || folder.EndsWith("-stray", StringComparison.Ordinal);
    }

    private static string Text(IReadOnlyList<KeyValuePair<string, object?>> values, string name) => Value(values, name) as string ?? "";

    private static long Number(IReadOnlyList<KeyValuePair<string, object?>> values, string name) => Value(values, name) is long number ? number : -1;

    private static object? Value(IReadOnlyList<KeyValuePair<string, object?>> values, string name) => values.FirstOrDefault(value => value.Key == name).Value;
}
