using System.Buffers;
using KafkaCompat.Protocol;
using Microsoft.Win32.SafeHandles;

namespace KafkaCompat.Storage.Files;

/// <summary>
/// A range of a segment file that holds batches, ready to be sent without copying it into memory first. It keeps the file open, whatever
/// becomes of the segment, until it is disposed of; a disposed region must not be read.
/// </summary>
public sealed class FileRegion : IRecordRegion, IDisposable
{
    private StoredFile? _file;

    private FileRegion(StoredFile file, long position, int length, DirectoryHealth? health)
    {
        _file = file;
        Health = health;
        Position = position;
        Length = length;
    }

    public long Position { get; }

    public int Length { get; }

    /// <summary>
    /// Of the directory that holds the file: whoever reads from <see cref="Handle"/> and finds that the disk cannot has to say so there. Null where nobody
    /// minds.
    /// </summary>
    public DirectoryHealth? Health { get; }

    /// <summary>For sendfile; null where the bytes are in memory.</summary>
    public SafeFileHandle? Handle => _file?.Handle;

    /// <summary>Reads from a place within the region; fewer bytes than asked for only at its end.</summary>
    public int Read(int at, Span<byte> buffer)
    {
        var file = _file ?? throw new ObjectDisposedException(nameof(FileRegion));
        var count = Math.Min(buffer.Length, Length - at);
        if (count <= 0)
            return 0;
        try
        {
            return file.Read(Position + at, buffer[..count]);
        }
        catch (IOException failure)
        {
            Health?.Fail(failure);
            throw;
        }
    }

    public void CopyTo(IBufferWriter<byte> destination)
    {
        for (var at = 0; at < Length;)
        {
            var span = destination.GetSpan(Math.Min(Length - at, 64 * 1024));
            var read = Read(at, span);
            if (read == 0)
                throw new EndOfStreamException($"The file ends {Length - at} bytes before the region does.");
            destination.Advance(read);
            at += read;
        }
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        var read = Read(0, bytes);
        return read == Length ? bytes : throw new EndOfStreamException($"The file ends {Length - read} bytes before the region does.");
    }

    public void Dispose() => Interlocked.Exchange(ref _file, null)?.Release();

    public static FileRegion? TryCreate(StoredFile file, long position, int length, DirectoryHealth? health = null) =>
        file.TryRetain() ? new FileRegion(file, position, length, health) : null;
}
