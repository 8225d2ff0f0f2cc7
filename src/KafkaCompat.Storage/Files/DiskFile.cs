#pragma warning disable RS0030 // This folder is the owner of the disk: all others come through IFileStore.
using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace KafkaCompat.Storage.Files;

/// <summary>An open file of the disk.</summary>
internal sealed class DiskFile(string path, SafeFileHandle handle) : StoredFile(path)
{
    [ThreadStatic]
    private static List<ReadOnlyMemory<byte>>? s_parts;

    public override long Length => RandomAccess.GetLength(handle);

    public override SafeFileHandle Handle => handle;

    public override int Read(long position, Span<byte> buffer)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var read = RandomAccess.Read(handle, buffer[total..], position + total);
            if (read == 0)
                break;
            total += read;
        }
        return total;
    }

    public override void Write(long position, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(handle, bytes, position);
        }
        catch (ArgumentOutOfRangeException tooLong)
        {
            throw TooLong(tooLong);
        }
    }

    public override void Write(long position, in ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment)
        {
            Write(position, bytes.FirstSpan);
            return;
        }
        var parts = s_parts ??= [];
        foreach (var part in bytes)
            parts.Add(part);
        try
        {
            RandomAccess.Write(handle, parts, position);
        }
        catch (ArgumentOutOfRangeException tooLong)
        {
            throw TooLong(tooLong);
        }
        finally
        {
            parts.Clear();
        }
    }

    public override void SetLength(long length)
    {
        try
        {
            RandomAccess.SetLength(handle, length);
        }
        catch (ArgumentOutOfRangeException tooLong)
        {
            throw TooLong(tooLong);
        }
    }

    public override void Preallocate(long length)
    {
        var end = Length;
        NativeFile.Preallocate(handle, end, length - end);
    }

    public override void StartWriting(long position, long length) => NativeFile.StartWriting(handle, Path, position, length);

    public override void DropPages(long position, long length) => NativeFile.DropPages(handle, Path, position, length);

    public override void Sync() => NativeFile.Sync(handle, Path);

    protected override void Close() => handle.Dispose();

    /// <summary>
    /// .NET takes EFBIG, which a limit of the process (ulimit -f) or of the file system brings about, for a wrong argument. It is a write that failed.
    /// </summary>
    private IOException TooLong(ArgumentOutOfRangeException cause) =>
        new($"{Path} cannot grow any further: the limit of file sizes of this process or this file system is reached (EFBIG)", cause);
}
