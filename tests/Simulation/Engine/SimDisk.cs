using System.Buffers;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// The disks of one machine as one process uses them: a <see cref="ForgetfulFileStore"/>, each of whose operations that change something is an event, with
/// what is wrong with them, and folders whose entries come in no order.
/// </summary>
internal sealed class SimDisk(ForgetfulFileStore store, Trace trace, DiskFaults faults, DiskLedger ledger) : IFileStore
{
    public bool HoldsWhileMemoryLasts => false;

    public bool FileExists(string path) => store.FileExists(path);

    public bool FolderExists(string path) => store.FolderExists(path);

    public IReadOnlyList<StoredEntry> List(string folder)
    {
        trace.Add($"list {folder}");
        faults.OnRead(folder);
        return faults.Shuffled(store.List(folder));
    }

    public StoredFile Open(string path, FileOpening opening)
    {
        trace.Add($"open {path} {opening}");
        if (opening is FileOpening.CreateNew or FileOpening.OpenOrCreate && !store.FileExists(path))
        {
            faults.OnChange("open", path);
        }

        return new SimFile(store.Open(path, opening), this);
    }

    public void CreateFolder(string path)
    {
        if (!store.FolderExists(path))
        {
            trace.Add($"create {path}");
            faults.OnChange("mkdir", path);
        }

        store.CreateFolder(path);
    }

    public void Rename(string from, string to)
    {
        trace.Add($"rename {from} {to}");
        faults.OnChange("rename", from);
        ledger.Renamed(from, to);
        store.Rename(from, to);
    }

    public void Delete(string path)
    {
        trace.Add($"delete {path}");
        faults.OnChange("unlink", path);
        ledger.Deleted(path);
        store.Delete(path);
    }

    public void DeleteFolder(string path)
    {
        trace.Add($"delete folder {path}");
        faults.OnChange("rmdir", path);
        ledger.Removed(path);
        store.DeleteFolder(path);
    }

    public void SyncFolder(string path)
    {
        trace.Add($"sync folder {path}");
        Sync(path, () => store.SyncFolder(path));
    }

    public long LastWriteMs(string path) => store.LastWriteMs(path);

    public void MakeReadOnly(string path) => store.MakeReadOnly(path);

    public (long TotalBytes, long UsableBytes) Space(string path) => store.Space(path);

    public IDisposable? TryLock(string path) => store.TryLock(path);

    private void Sync(string path, Action sync)
    {
        var fails = faults.SyncFails(path);
        store.FailSyncs(fails ? static _ => true : null);
        if (fails)
        {
            ledger.Doubt(path);
        }

        sync();
    }

    private sealed class SimFile(StoredFile file, SimDisk disk) : StoredFile(file.Path)
    {
        public override long Length => file.Length;

        public override int Read(long position, Span<byte> buffer)
        {
            disk.Trace.Add($"read {Path} {position} {buffer.Length}");
            disk.Faults.OnRead(Path);
            return file.Read(position, buffer);
        }

        public override void Write(long position, ReadOnlySpan<byte> bytes)
        {
            disk.Trace.Add($"write {Path} {position}");
            disk.Trace.Add(bytes);
            disk.Faults.OnChange("write", Path);
            if (position + bytes.Length > file.Length && disk.Faults.RoomFor(file, bytes.Length) is { } room)
            {
                file.Write(position, bytes[..room]);
                disk.Ledger.Doubt(Path);
                throw disk.Faults.NoSpace(Path);
            }

            file.Write(position, bytes);
            disk.Ledger.Flips.Written(Path, position, position + bytes.Length);
        }

        public override void Write(long position, in ReadOnlySequence<byte> bytes) => Write(position, bytes.ToArray());

        public override void SetLength(long length)
        {
            disk.Trace.Add($"set length {Path} {length}");
            disk.Faults.OnChange("ftruncate", Path);
            disk.Ledger.Resized(Path, file.Length, length, disk.Faults.Torn.Any(torn => torn.Path == Path && torn.Length == length));
            file.SetLength(length);
        }

        public override void Preallocate(long length) => file.Preallocate(length);

        public override void Sync()
        {
            disk.Trace.Add($"sync {Path}");
            disk.Faults.OnChange("fsync", Path);
            disk.Sync(Path, file.Sync);
            disk.Ledger.Synced(Path, file.Length);
        }

        protected override void Close() => file.Dispose();
    }

    private Trace Trace => trace;

    private DiskFaults Faults => faults;

    private DiskLedger Ledger => ledger;
}
