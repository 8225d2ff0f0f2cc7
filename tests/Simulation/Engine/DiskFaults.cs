using KafkaCompat.Storage.Files;

namespace KafkaCompat.Simulation.Engine;

/// <summary>What a failing disk does.</summary>
internal enum DiskFault
{
    None,
    FailsReads,
    FailsWrites,
    FailsSyncs,
    IsFull,
}

/// <summary>
/// What is wrong with the disks of one machine. Each of its log directories lies on a disk of its own, one of which may fail at a time. The faults are the
/// machine's: they outlive its processes.
/// </summary>
internal sealed class DiskFaults(SimScheduler scheduler, Trace trace, Random random)
{
    /// <summary>How long a process may take until it touches a failed directory no more: what it had begun comes to its end.</summary>
    private const long GraceTicks = 5 * TimeSpan.TicksPerSecond;

    private readonly List<(string Path, long Length)> _torn = [];
    private string _folder = "";
    private DiskFault _fault;
    private long _struckAt = long.MaxValue;

    /// <summary>Which directory failed in this life of the node; null where none did.</summary>
    public string? Struck => _struckAt == long.MaxValue ? null : _folder;

    /// <summary>The first change of a directory that had failed long before in the same life; null where there was none.</summary>
    public string? Retried { get; private set; }

    /// <summary>Files that a full disk took a part of a write of, with the length that each had before.</summary>
    public IReadOnlyList<(string Path, long Length)> Torn => _torn;

    /// <summary>A disk begins to fail.</summary>
    public void Begin(string folder, DiskFault fault)
    {
        trace.Add($"disk of {folder} {fault}");
        (_folder, _fault, _struckAt) = (folder, fault, long.MaxValue);
        _torn.Clear();
    }

    /// <summary>The disk is well again; a process that met the fault has to be another one to use it.</summary>
    public void End()
    {
        trace.Add($"disk of {_folder} is well");
        _fault = DiskFault.None;
    }

    /// <summary>Another process begins, which has met nothing.</summary>
    public void Forget() => (_struckAt, Retried) = (long.MaxValue, null);

    /// <summary>A file or folder is to be changed, or its names are.</summary>
    public void OnChange(string call, string path)
    {
        if (!IsHere(path))
        {
            return;
        }

        if (scheduler.Now - GraceTicks > _struckAt)
        {
            Retried ??= $"{call} of {path} {(scheduler.Now - _struckAt) / TimeSpan.TicksPerMillisecond} ms after the directory had failed";
        }

        if (_fault == DiskFault.FailsWrites)
        {
            throw Strike(call, path, "Input/output error (5)");
        }
    }

    public void OnRead(string path)
    {
        if (_fault == DiskFault.FailsReads && IsHere(path))
        {
            throw Strike("read", path, "Input/output error (5)");
        }
    }

    /// <summary>Whether a sync fails, and loses what it should have kept.</summary>
    public bool SyncFails(string path)
    {
        if (_fault != DiskFault.FailsSyncs || !IsHere(path))
        {
            return false;
        }

        _ = Strike("fsync", path, "");
        return true;
    }

    /// <summary>A file is to grow. On a full disk it takes a part of the bytes: how many; null where all.</summary>
    public int? RoomFor(StoredFile file, int bytes)
    {
        if (_fault != DiskFault.IsFull || !IsHere(file.Path))
        {
            return null;
        }

        _torn.Add((file.Path, file.Length));
        return random.Next(bytes);
    }

    public IOException NoSpace(string path) => Strike("write", path, "No space left on device (28)");

    /// <summary>A folder's entries in another order each time: no file system promises one.</summary>
    public IReadOnlyList<StoredEntry> Shuffled(IReadOnlyList<StoredEntry> entries)
    {
        var all = entries.ToArray();
        random.Shuffle(all);
        return all;
    }

    private bool IsHere(string path) => path.StartsWith(_folder, StringComparison.Ordinal) && (path.Length == _folder.Length || path[_folder.Length] == '/');

    private IOException Strike(string call, string path, string error)
    {
        _struckAt = Math.Min(_struckAt, scheduler.Now);
        trace.Add($"{call} of {path} fails");
        return new IOException($"{call} of {path} failed: {error}");
    }
}
