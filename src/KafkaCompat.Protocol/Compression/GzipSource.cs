using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using KafkaCompat.Protocol.Checksums;

namespace KafkaCompat.Protocol.Compression;

/// <summary>
/// Reads gzip members as the reader of Kafka's Java clients does. The BCL's GZipStream takes a member that was cut for one that ended, so headers and trailers
/// are read here and only the deflate stream between them is the BCL's.
/// </summary>
/// <remarks>
/// The trailer stands where the deflate stream ended, and only the inflater knows where that is. A member that is the last thing in its input, as nearly all
/// are, ends eight bytes before the input does: the byte before those is given alone, so the inflater shows that it needed that byte and no other. Where a
/// member ended sooner, the last piece that it was given is given once more, a byte at a time, to an inflater that has read the member up to there.
/// The reader of Java's clients gives all of it at once, and hands out nothing of what came before damage in the same piece; so what the last pieces hold is
/// handed out together.
/// </remarks>
internal sealed class GzipSource : DecompressionSource
{
    private const int ChunkBytes = 16 * 1024;
    private const int HeaderBytes = 10, TrailerBytes = 8;
    private const int HasHeaderChecksum = 0x02, HasExtra = 0x04, HasName = 0x08, HasComment = 0x10;

    private ReadOnlySequence<byte> _rest;
    private DeflateInput? _input;
    private DeflateStream? _deflate;
    private uint _checksum;
    private uint _size;
    private byte[]? _chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);

    public GzipSource(in ReadOnlySequence<byte> input)
    {
        _rest = input;
        IsDamaged = !TryStartMember();
    }

    public override bool TryRead(out ReadOnlySpan<byte> chunk)
    {
        chunk = default;
        if (IsDamaged) return false;
        while (_deflate is not null)
        {
            if (!TryInflate(_deflate, 0, out var read)) return Damaged(out chunk);
            var more = read;
            while (more > 0 && _input!.HasReachedSingles && read < ChunkBytes)
            {
                if (!TryInflate(_deflate, read, out more)) return Damaged(out chunk);
                read += more;
            }
            if (read > 0)
            {
                chunk = _chunk.AsSpan(0, read);
                _checksum = Crc32.Append(_checksum, chunk);
                _size += (uint)read;
                return true;
            }
            if (_input!.WasAskedPastEnd || !TryReadTrailer(FindEnd(_input))) return Damaged(out chunk);
            EndMember();
            // What follows and does not begin as a member does is ignored, as every gzip reader does. A member that begins has to end: Java's reader ignores
            // one of up to 18 bytes before 17.0.16 or so, and no later one does.
            _ = TryStartMember();
        }
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        EndMember();
        CompressionCodecs.Return(ref _chunk);
    }

    private void EndMember()
    {
        _deflate?.Dispose();
        _deflate = null;
    }

    private bool TryInflate(DeflateStream deflate, int to, out int read)
    {
        try
        {
            read = deflate.Read(_chunk.AsSpan(to, ChunkBytes - to));
            return true;
        }
        catch (InvalidDataException)
        {
            read = 0;
            return false;
        }
    }

    private bool TryStartMember()
    {
        var reader = new SequenceReader<byte>(_rest);
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (!reader.TryCopyTo(header) || header[0] != 0x1f || header[1] != 0x8b || header[2] != 8) return false;
        reader.Advance(HeaderBytes);
        int flags = header[3];
        if ((flags & HasExtra) != 0)
        {
            if (!reader.TryReadLittleEndian(out short length) || reader.Remaining < (ushort)length) return false;
            reader.Advance((ushort)length);
        }
        if ((flags & HasName) != 0 && !reader.TryAdvanceTo(0)) return false;
        if ((flags & HasComment) != 0 && !reader.TryAdvanceTo(0)) return false;
        if ((flags & HasHeaderChecksum) != 0)
        {
            var expected = HeaderChecksum(_rest.Slice(0, reader.Consumed));
            if (!reader.TryReadLittleEndian(out short checksum) || (ushort)checksum != expected) return false;
        }
        _rest = reader.UnreadSequence;
        _input = new DeflateInput(_rest, _rest.Length - TrailerBytes - 1, _rest.Length - TrailerBytes);
        _deflate = new DeflateStream(_input, CompressionMode.Decompress);
        _checksum = _size = 0;
        return true;
    }

    /// <summary>The lower half of the CRC-32 over all of the header before it.</summary>
    private static ushort HeaderChecksum(in ReadOnlySequence<byte> header)
    {
        uint checksum = 0;
        foreach (var piece in header) checksum = Crc32.Append(checksum, piece.Span);
        return (ushort)checksum;
    }

    /// <summary>Where the deflate stream that the inflater has read to its end ended.</summary>
    private long FindEnd(DeflateInput read)
    {
        if (read.Given - read.LastPieceStart == 1) return read.Given;
        var again = new DeflateInput(_rest, read.LastPieceStart, long.MaxValue);
        using var deflate = new DeflateStream(again, CompressionMode.Decompress);
        while (TryInflate(deflate, 0, out var count) && count > 0)
        {
        }
        return again.Given;
    }

    private bool TryReadTrailer(long at)
    {
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        if (_rest.Length - at < trailer.Length) return false;
        _rest.Slice(at, TrailerBytes).CopyTo(trailer);
        _rest = _rest.Slice(at + TrailerBytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(trailer) == _checksum && BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) == _size;
    }
}
