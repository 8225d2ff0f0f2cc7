using System.Buffers;
using System.Collections.Concurrent;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Tests;

/// <summary>A store that counts what is asked of the disk: reads of files, their bytes, and syncs by path.</summary>
internal sealed class CountedFileStore(IFileStore inner) : IFileStore
{
    private int _reads;
    private int _logReads;
    private long _readBytes;

    private int _open;

    /// <summary>How many files can be open. One more, or a folder to sync, is refused as by a system.</summary>
    public int MaxOpen { get; set; } = int.MaxValue;

    public int OpenFiles => Volatile.Read(ref _open);

    public int Reads => Volatile.Read(ref _reads);

    /// <summary>Reads of segments alone: what is known of an index may be forgotten with any collection of garbage, and read again.</summary>
    public int LogReads => Volatile.Read(ref _logReads);

    public long ReadBytes => Volatile.Read(ref _readBytes);

    /// <summary>The paths that were opened, as often as they were.</summary>
    public ConcurrentQueue<string> Opened { get; } = new();

    /// <summary>The paths that were synced, files and folders, as often as they were.</summary>
    public ConcurrentQueue<string> Synced { get; } = new();

    public void Forget()
    {
        _reads = 0;
        _logReads = 0;
        _readBytes = 0;
        Synced.Clear();
        Opened.Clear();
    }

    public bool FileExists(string path) => inner.FileExists(path);

    public bool FolderExists(string path) => inner.FolderExists(path);

    public IReadOnlyList<StoredEntry> List(string folder) => inner.List(folder);

    public StoredFile Open(string path, FileOpening opening)
    {
        Opened.Enqueue(path);
        Take(path);
        try
        {
            return new CountedFile(this, inner.Open(path, opening));
        }
        catch
        {
            Give();
            throw;
        }
    }

    private void Take(string path)
    {
        if (Interlocked.Increment(ref _open) <= MaxOpen)
            return;
        Give();
        throw FileShortage.OfDescriptors(path);
    }

    private void Give() => Interlocked.Decrement(ref _open);

    public void CreateFolder(string path) => inner.CreateFolder(path);

    public void Rename(string from, string to) => inner.Rename(from, to);

    public void Delete(string path) => inner.Delete(path);

    public void DeleteFolder(string path) => inner.DeleteFolder(path);

    public void SyncFolder(string path)
    {
        Synced.Enqueue(path);
        Take(path);
        try
        {
            inner.SyncFolder(path);
        }
        finally
        {
            Give();
        }
    }

    public long LastWriteMs(string path) => inner.LastWriteMs(path);

    public void MakeReadOnly(string path) => inner.MakeReadOnly(path);

    public (long TotalBytes, long UsableBytes) Space(string path) => inner.Space(path);

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    private sealed class CountedFile(CountedFileStore store, StoredFile file) : StoredFile(file.Path)
    {
        public override long Length => file.Length;

        public override int Read(long position, Span<byte> buffer)
        {
            var read = file.Read(position, buffer);
            _ = Interlocked.Increment(ref store._reads);
            if (file.Path.EndsWith(".log", StringComparison.Ordinal))
                _ = Interlocked.Increment(ref store._logReads);
            _ = Interlocked.Add(ref store._readBytes, read);
            return read;
        }

        public override void Write(long position, ReadOnlySpan<byte> bytes) => file.Write(position, bytes);

        public override void Write(long position, in ReadOnlySequence<byte> bytes) => file.Write(position, bytes);

        public override void SetLength(long length) => file.SetLength(length);

        public override void Preallocate(long length) => file.Preallocate(length);

        public override void Sync()
        {
            store.Synced.Enqueue(Path);
            file.Sync();
        }

        protected override void Close()
        {
            file.Dispose();
            store.Give();
        }
    }
}
