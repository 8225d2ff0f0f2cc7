using System.Buffers;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Enumerates the records of one batch: a <see cref="RecordView"/> each, no allocation a record. Records are slices of the batch's bytes; only a
/// record that straddles two segments is copied, into a pooled buffer. A compressed batch is decompressed into a pooled buffer first, at most
/// <c>maxDecompressedBytes</c> of it.
/// </summary>
/// <remarks>
/// What the bytes hold never throws: <see cref="MoveNext"/> returns false and <see cref="Fault"/> says why. At the end it checks that records and count agree.
/// The magic 2 header is taken as it stands; the checksum is not looked at. Dispose gives pooled buffers back.
/// </remarks>
public ref struct RecordBatchReader : IDisposable
{
    private readonly RecordBatchHeader _header;
    private readonly PooledBuffer? _decompressed;

    /// <summary>The records from the start of the segment that <see cref="_span"/> is the unread end of.</summary>
    private ReadOnlySequence<byte> _records;

    private ReadOnlySpan<byte> _span;
    private byte[]? _straddling;
    private int _left;

    /// <summary>A reader of trusted or checked bytes; a fault is for the caller to look at, before or after it enumerates.</summary>
    public RecordBatchReader(scoped in RecordBatchSlice batch, int maxDecompressedBytes = int.MaxValue)
    {
        _header = batch.Header;
        _records = batch.Payload;
        _left = _header.RecordCount;
        if (_left < 0)
        {
            Fault = RecordFault.NegativeRecordCount;
        }
        else if (_header.Codec > CompressionType.Zstd)
        {
            Fault = RecordFault.UnknownCodec;
        }
        else if (_header.Codec != CompressionType.None)
        {
            _decompressed = new PooledBuffer();
            var result = CompressionCodecs.Get(_header.Codec).Decompress(_records, _decompressed, maxDecompressedBytes);
            Fault = result switch
            {
                DecompressionResult.Done => RecordFault.None,
                DecompressionResult.TooLarge => RecordFault.DecompressedTooLarge,
                _ => RecordFault.Undecodable,
            };
            _records = new ReadOnlySequence<byte>(_decompressed.WrittenMemory);
        }
        SkipEmptySegments();
    }

    /// <summary>A reader of one batch that stands first in <paramref name="batch"/>.</summary>
    public static RecordBatchReader Over(ReadOnlyMemory<byte> batch, int maxDecompressedBytes = int.MaxValue)
    {
        var enumerator = RecordBatchEnumerator.Over(batch);
        return enumerator.MoveNext() ? new RecordBatchReader(enumerator.Current, maxDecompressedBytes) : new RecordBatchReader { Fault = enumerator.Fault };
    }

    public RecordView Current { get; private set; }

    /// <summary>Why <see cref="MoveNext"/> returned false; none where the records ended as their count says.</summary>
    public RecordFault Fault { get; private set; }

    public bool MoveNext()
    {
        if (Fault != RecordFault.None) return false;
        if (_left == 0)
        {
            if (!_span.IsEmpty) Fault = RecordFault.RecordsLeftOver;
            return false;
        }
        if (!TryTakeBody(out var body, out var size)) return false;
        Fault = Parse(body, size);
        if (Fault != RecordFault.None) return false;
        _left--;
        return true;
    }

    public void Dispose()
    {
        if (_straddling is not null) ArrayPool<byte>.Shared.Return(_straddling);
        _straddling = null;
        _decompressed?.Dispose();
    }

    /// <summary>The bytes of the next record without its length.</summary>
    private bool TryTakeBody(out ReadOnlySpan<byte> body, out int size)
    {
        var span = _span;
        int length;
        if (RecordVarint.TryRead(ref span, out length) && (uint)length <= (uint)span.Length)
        {
            size = _span.Length - span.Length + length;
            body = span[..length];
        }
        else if (!TryTakeStraddling(out body, out size))
        {
            return false;
        }

        if (size < _span.Length)
        {
            _span = _span[size..];
        }
        else
        {
            _records = Unread.Slice(size);
            SkipEmptySegments();
        }
        return true;
    }

    private readonly ReadOnlySequence<byte> Unread => _records.Slice(_records.FirstSpan.Length - _span.Length);

    private void SkipEmptySegments()
    {
        _records = _records.SkipEmptySegments();
        _span = _records.FirstSpan;
    }

    private bool TryTakeStraddling(out ReadOnlySpan<byte> body, out int size)
    {
        body = default;
        size = 0;
        var rest = Unread;
        if (rest.IsEmpty)
        {
            Fault = RecordFault.RecordsMissing;
            return false;
        }
        Span<byte> head = stackalloc byte[RecordVarint.MaxBytes32];
        head = head[..(int)Math.Min(head.Length, rest.Length)];
        rest.Slice(0, head.Length).CopyTo(head);
        ReadOnlySpan<byte> unread = head;
        var hasLength = RecordVarint.TryRead(ref unread, out int length);
        var lengthSize = head.Length - unread.Length;
        if (!hasLength || length < 0 || length > rest.Length - lengthSize)
        {
            Fault = RecordFault.RecordLengthInvalid;
            return false;
        }
        if (_straddling is null || _straddling.Length < length)
        {
            if (_straddling is not null) ArrayPool<byte>.Shared.Return(_straddling);
            _straddling = ArrayPool<byte>.Shared.Rent(length);
        }
        rest.Slice(lengthSize, length).CopyTo(_straddling);
        body = _straddling.AsSpan(0, length);
        size = lengthSize + length;
        return true;
    }

    private RecordFault Parse(ReadOnlySpan<byte> body, int size)
    {
        if (RecordFields.Parse(body, out var fields) is var fault and not RecordFault.None) return fault;
        Current = new RecordView
        {
            SizeInBytes = size,
            Attributes = fields.Attributes,
            TimestampDelta = fields.TimestampDelta,
            OffsetDelta = fields.OffsetDelta,
            Offset = _header.BaseOffset + fields.OffsetDelta,
            Timestamp = _header.TimestampType == TimestampType.LogAppendTime ? _header.MaxTimestamp : _header.BaseTimestamp + fields.TimestampDelta,
            Sequence = _header.BaseSequence >= 0 ? RecordBatchHeader.AddSequence(_header.BaseSequence, fields.OffsetDelta) : RecordBatchHeader.NoSequence,
            Key = fields.KeyLength < 0 ? NullableBytes.Null : new NullableBytes(body.Slice(fields.KeyStart, fields.KeyLength)),
            Value = fields.ValueLength < 0 ? NullableBytes.Null : new NullableBytes(body.Slice(fields.ValueStart, fields.ValueLength)),
            HeaderCount = fields.HeaderCount,
            HeaderBytes = body[fields.HeaderStart..],
        };
        return RecordFault.None;
    }
}
