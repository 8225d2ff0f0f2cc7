using System.Buffers;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Testing.Files;

/// <summary>A file of a <see cref="MemoryFileStore"/> that is open. The bytes are the store's; closing lets go of nothing.</summary>
internal sealed class MemoryFile(string path, MemoryFileContent content, TimeProvider clock) : StoredFile(path)
{
    public override long Length => content.Length;

    public override int Read(long position, Span<byte> buffer) => content.Read(position, buffer);

    public override void Write(long position, ReadOnlySpan<byte> bytes)
    {
        content.Write(position, bytes);
        Touch();
    }

    public override void Write(long position, in ReadOnlySequence<byte> bytes)
    {
        foreach (var part in bytes)
        {
            content.Write(position, part.Span);
            position += part.Length;
        }

        Touch();
    }

    public override void SetLength(long length)
    {
        content.SetLength(length);
        Touch();
    }

    public override void Preallocate(long length)
    {
        // Memory is taken when bytes come.
    }

    public override void Sync()
    {
        // What a process has written outlives it in the page cache; so does this. Power cuts are not for this store.
    }

    protected override void Close()
    {
    }

    private void Touch() => content.WrittenMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
}
