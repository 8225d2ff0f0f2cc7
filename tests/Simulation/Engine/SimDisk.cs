using System.Buffers;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// The disk of one machine as one process uses it: a <see cref="ForgetfulFileStore"/>, each of whose operations that change something is an event.
/// </summary>
internal sealed class SimDisk(ForgetfulFileStore store, Trace trace) : IFileStore
{
    public bool FileExists(string path) => store.FileExists(path);

    public bool FolderExists(string path) => store.FolderExists(path);

    public IReadOnlyList<StoredEntry> List(string folder)
    {
        trace.Add($"list {folder}");
        return store.List(folder);
    }

    public StoredFile Open(string path, FileOpening opening)
    {
        trace.Add($"open {path} {opening}");
        return new SimFile(store.Open(path, opening), trace);
    }

    public void CreateFolder(string path)
    {
        trace.Add($"create {path}");
        store.CreateFolder(path);
    }

    public void Rename(string from, string to)
    {
        trace.Add($"rename {from} {to}");
        store.Rename(from, to);
    }

    public void Delete(string path)
    {
        trace.Add($"delete {path}");
        store.Delete(path);
    }

    public void DeleteFolder(string path)
    {
        trace.Add($"delete folder {path}");
        store.DeleteFolder(path);
    }

    public void SyncFolder(string path)
    {
        trace.Add($"sync folder {path}");
        store.SyncFolder(path);
    }

    public long LastWriteMs(string path) => store.LastWriteMs(path);

    public void MakeReadOnly(string path) => store.MakeReadOnly(path);

    public (long TotalBytes, long UsableBytes) Space(string path) => store.Space(path);

    public IDisposable? TryLock(string path) => store.TryLock(path);

    private sealed class SimFile(StoredFile file, Trace trace) : StoredFile(file.Path)
    {
        public override long Length => file.Length;

        public override int Read(long position, Span<byte> buffer)
        {
            trace.Add($"read {Path} {position} {buffer.Length}");
            return file.Read(position, buffer);
        }

        public override void Write(long position, ReadOnlySpan<byte> bytes)
        {
            trace.Add($"write {Path} {position}");
            trace.Add(bytes);
            file.Write(position, bytes);
        }

        public override void Write(long position, in ReadOnlySequence<byte> bytes)
        {
            trace.Add($"write {Path} {position}");
            foreach (var part in bytes)
            {
                trace.Add(part.Span);
            }

            file.Write(position, bytes);
        }

        public override void SetLength(long length)
        {
            trace.Add($"set length {Path} {length}");
            file.SetLength(length);
        }

        public override void Preallocate(long length) => file.Preallocate(length);

        public override void Sync()
        {
            trace.Add($"sync {Path}");
            file.Sync();
        }

        protected override void Close() => file.Dispose();
    }
}
