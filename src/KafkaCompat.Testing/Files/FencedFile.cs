using System.Buffers;
using KafkaCompat.Storage.Files;
using Microsoft.Win32.SafeHandles;

namespace KafkaCompat.Testing.Files;

/// <summary>An open file of a <see cref="FencedFileStore"/>.</summary>
internal sealed class FencedFile(FencedFileStore store, StoredFile file) : StoredFile(file.Path)
{
    public override long Length => Living.Length;

    public override SafeFileHandle? Handle => file.Handle;

    public override int Read(long position, Span<byte> buffer) => Living.Read(position, buffer);

    public override void Write(long position, ReadOnlySpan<byte> bytes) => Living.Write(position, bytes);

    public override void Write(long position, in ReadOnlySequence<byte> bytes) => Living.Write(position, bytes);

    public override void SetLength(long length) => Living.SetLength(length);

    public override void Preallocate(long length) => Living.Preallocate(length);

    public override void StartWriting(long position, long length) => Living.StartWriting(position, length);

    public override void DropPages(long position, long length) => Living.DropPages(position, length);

    public override void Sync() => Living.Sync();

    protected override void Close() => file.Dispose();

    private StoredFile Living
    {
        get
        {
            store.Check();
            return file;
        }
    }
}
