using System.Collections.Concurrent;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Testing.Files;

/// <summary>
/// Another store as one life of a broker has it. <see cref="Cut"/> ends that life as a kill does: from then on nothing of it changes or reads a file, whatever
/// is still under way, and the next life finds the files as they are.
/// </summary>
internal sealed class FencedFileStore(IFileStore files) : IFileStore
{
    private readonly ConcurrentDictionary<IDisposable, byte> _locks = new();
    private readonly Lock _gate = new();
    private volatile bool _isCut;

    /// <summary>Ends this view of the files and lets its locks go.</summary>
    public void Cut()
    {
        lock (_gate) _isCut = true;
        foreach (var held in _locks.Keys) held.Dispose();
    }

    public bool IsInMemory => files.IsInMemory;

    public bool FileExists(string path) => Living.FileExists(path);

    public bool FolderExists(string path) => Living.FolderExists(path);

    public IReadOnlyList<StoredEntry> List(string folder) => Living.List(folder);

    public StoredFile Open(string path, FileOpening opening) => new FencedFile(this, Living.Open(path, opening));

    public void CreateFolder(string path) => Living.CreateFolder(path);

    public void Rename(string from, string to) => Living.Rename(from, to);

    public void Delete(string path) => Living.Delete(path);

    public void DeleteFolder(string path) => Living.DeleteFolder(path);

    public void SyncFolder(string path) => Living.SyncFolder(path);

    public long LastWriteMs(string path) => Living.LastWriteMs(path);

    public void MakeReadOnly(string path) => Living.MakeReadOnly(path);

    public (long TotalBytes, long UsableBytes) Space(string path) => Living.Space(path);

    public IDisposable? TryLock(string path)
    {
        lock (_gate)
        {
            if (Living.TryLock(path) is not { } held) return null;
            _ = _locks.TryAdd(held, 0);
            return new FencedLock(this, held);
        }
    }

    /// <summary>Throws once the life has ended.</summary>
    internal void Check()
    {
        if (_isCut) throw new IOException("This broker was killed.");
    }

    private IFileStore Living
    {
        get
        {
            Check();
            return files;
        }
    }

    private sealed class FencedLock(FencedFileStore store, IDisposable held) : IDisposable
    {
        // A lock that the cut let go may be another's by now.
        public void Dispose()
        {
            if (store._locks.TryRemove(held, out _) && !store._isCut) held.Dispose();
        }
    }
}
