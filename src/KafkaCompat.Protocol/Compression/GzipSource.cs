using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using KafkaCompat.Protocol.Checksums;

namespace KafkaCompat.Protocol.Compression;

/// <summary>
/// Reads gzip members. The BCL's GZipStream takes a member that was cut for one that ended, so the header and the trailer are read here and
/// only the deflate stream between them is the BCL's.
/// </summary>
/// <remarks>
/// The BCL does not say where a deflate stream ended, only that it did without asking for more input. It ended within the last piece it
/// was given, and there the trailer is looked for: eight bytes, checksum and size, which are known by then.
/// </remarks>
internal sealed class GzipSource : DecompressionSource
{
    private const int ChunkBytes = 32 * 1024;
    private const int HeaderBytes = 10, TrailerBytes = 8;
    private const int HasHeaderChecksum = 0x02, HasExtra = 0x04, HasName = 0x08, HasComment = 0x10;

    private ReadOnlySequence<byte> _rest;
    private SequenceStream? _compressed;
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
            int read;
            try
            {
                read = _deflate.Read(_chunk);
            }
            catch (InvalidDataException)
            {
                return Damaged(out chunk);
            }
            if (read > 0)
            {
                chunk = _chunk.AsSpan(0, read);
                _checksum = Crc32.Append(_checksum, chunk);
                _size += (uint)read;
                return true;
            }
            if (_compressed!.WasAskedPastEnd || !TryFindTrailer()) return Damaged(out chunk);
            EndMember();
            // What follows and is no member is ignored, as every gzip reader does.
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
            if (reader.Remaining < 2) return false;
            reader.Advance(2);
        }
        _rest = reader.UnreadSequence;
        _compressed = new SequenceStream(_rest);
        _deflate = new DeflateStream(_compressed, CompressionMode.Decompress);
        _checksum = _size = 0;
        return true;
    }

    private bool TryFindTrailer()
    {
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _size);
        long from = _compressed!.LastReadStart, given = _compressed.Given;
        var window = _rest.Slice(from, Math.Min(_rest.Length, given + TrailerBytes) - from);
        byte[]? copy = null;
        int at = CompressionCodecs.Contiguous(window, ref copy).IndexOf(trailer);
        CompressionCodecs.Return(ref copy);
        if (at < 0) return false;
        _rest = _rest.Slice(from + at + TrailerBytes);
        return true;
    }
}
