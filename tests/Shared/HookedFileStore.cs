using System.Buffers;
using KafkaCompat.Storage.Files;
using Microsoft.Win32.SafeHandles;

namespace KafkaCompat.Tests.Shared;

/// <summary>A store that does something before it asks another one: wait, or fail as a disk or a system would.</summary>
internal sealed class HookedFileStore(IFileStore inner) : IFileStore
{
    /// <summary>Called with the name of each operation and its path.</summary>
    public Action<string, string>? Before { get; set; }

    /// <summary>
    /// Called with the path before bytes are written to a file, of those that were opened while it was set. It may wait, as a disk does that takes long.
    /// </summary>
    public Action<string>? BeforeWrite { get; set; }

    /// <summary>As <see cref="BeforeWrite"/>, before what was written is made durable.</summary>
    public Action<string>? BeforeSync { get; set; }

    /// <summary>What opening a file says where the process has as many open as it may.</summary>
    public static IOException TooManyOpenFiles() => new("Too many open files", 24);

    public bool FileExists(string path) => Asked(nameof(FileExists), path).FileExists(path);

    public bool FolderExists(string path) => Asked(nameof(FolderExists), path).FolderExists(path);

    public IReadOnlyList<StoredEntry> List(string folder) => Asked(nameof(List), folder).List(folder);

    public StoredFile Open(string path, FileOpening opening) =>
        Asked(nameof(Open), path).Open(path, opening) is var file && BeforeWrite is null ? file : new HookedFile(this, file);

    public void CreateFolder(string path) => Asked(nameof(CreateFolder), path).CreateFolder(path);

    public void Rename(string from, string to) => Asked(nameof(Rename), from).Rename(from, to);

    public void Delete(string path) => Asked(nameof(Delete), path).Delete(path);

    public void DeleteFolder(string path) => Asked(nameof(DeleteFolder), path).DeleteFolder(path);

    public void SyncFolder(string path) => Asked(nameof(SyncFolder), path).SyncFolder(path);

    public long LastWriteMs(string path) => inner.LastWriteMs(path);

    public void MakeReadOnly(string path) => Asked(nameof(MakeReadOnly), path).MakeReadOnly(path);

    public (long TotalBytes, long UsableBytes) Space(string path) => inner.Space(path);

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    private IFileStore Asked(string operation, string path)
    {
        Before?.Invoke(operation, path);
        return inner;
    }

    private sealed class HookedFile(HookedFileStore store, StoredFile inner) : StoredFile(inner.Path)
    {
        public override long Length => inner.Length;

        public override SafeFileHandle? Handle => inner.Handle;

        public override int Read(long position, Span<byte> buffer) => inner.Read(position, buffer);

        public override void Write(long position, ReadOnlySpan<byte> bytes)
        {
            store.BeforeWrite?.Invoke(Path);
            inner.Write(position, bytes);
        }

        public override void Write(long position, in ReadOnlySequence<byte> bytes)
        {
            store.BeforeWrite?.Invoke(Path);
            inner.Write(position, bytes);
        }

        public override void SetLength(long length) => inner.SetLength(length);

        public override void Preallocate(long length) => inner.Preallocate(length);

        public override void StartWriting(long position, long length) => inner.StartWriting(position, length);

        public override void DropPages(long position, long length) => inner.DropPages(position, length);

        public override void Sync()
        {
            store.BeforeSync?.Invoke(Path);
            inner.Sync();
        }

        protected override void Close() => inner.Dispose();
    }
}
