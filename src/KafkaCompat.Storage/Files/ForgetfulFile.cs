using System.Buffers;

namespace KafkaCompat.Storage.Files;

/// <summary>An open file of a <see cref="ForgetfulFileStore"/>.</summary>
internal sealed class ForgetfulFile(ForgetfulFileStore store, string path, ForgetfulFileNode node) : StoredFile(path)
{
    public override long Length => node.Length;

    public override int Read(long position, Span<byte> buffer) => store.Read(node, position, buffer);

    public override void Write(long position, ReadOnlySpan<byte> bytes) => store.Write(node, Path, position, bytes);

    public override void Write(long position, in ReadOnlySequence<byte> bytes)
    {
        // One operation, as on the disk: a gathered write is torn at sectors, not between its parts.
        var all = ArrayPool<byte>.Shared.Rent((int)bytes.Length);
        bytes.CopyTo(all);
        try
        {
            store.Write(node, Path, position, all.AsSpan(0, (int)bytes.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(all);
        }
    }

    public override void SetLength(long length) => store.SetLength(node, length);

    public override void Preallocate(long length)
    {
        // Reserved room holds no bytes, so that there is nothing to keep or to lose.
    }

    public override void Sync() => store.Sync(node, Path);

    protected override void Close()
    {
        // The bytes belong to the node: closing a file neither keeps nor loses any.
    }
}
