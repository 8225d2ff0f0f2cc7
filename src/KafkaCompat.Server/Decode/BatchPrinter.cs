using System.Buffers.Binary;
using System.Globalization;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Server.Decode;

/// <summary>Record batches, one line a batch and one line a record.</summary>
internal sealed class BatchPrinter(TextWriter output, RecordContent content, bool full)
{
    /// <summary>Past this a length in a file is noise.</summary>
    private const int LargestBatch = 512 * 1024 * 1024;

    private readonly RecordText _records = new(content, full);
    private bool _isSound = true;

    /// <summary>Prints a segment batch by batch; false when it ends in something else, or a batch in it is not what its checksum says.</summary>
    public bool Print(Stream segment)
    {
        var overhead = new byte[RecordBatchHeader.LogOverhead];
        for (long position = 0; ;)
        {
            var read = segment.ReadAtLeast(overhead, overhead.Length, throwOnEndOfStream: false);
            if (read == 0)
            {
                return _isSound;
            }

            var length = read < overhead.Length ? -1 : BinaryPrimitives.ReadInt32BigEndian(overhead.AsSpan(RecordBatchHeader.BatchLengthPosition));
            if (length is < RecordBatchHeader.MinBatchLength or > LargestBatch)
            {
                return PrintTail(segment, position, overhead.AsSpan(0, read));
            }

            var batch = new byte[overhead.Length + length];
            overhead.CopyTo(batch, 0);
            var body = segment.ReadAtLeast(batch.AsSpan(overhead.Length), length, throwOnEndOfStream: false);
            if (body < length)
            {
                output.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"@{position} a batch of {batch.Length} bytes of which {overhead.Length + body} are there"));
                return false;
            }

            PrintBatches(batch, position);
            position += batch.Length;
        }
    }

    /// <summary>Prints the batches in <paramref name="bytes"/>, each with where it lies.</summary>
    public void PrintBatches(byte[] bytes, long position)
    {
        var batches = RecordBatchEnumerator.Over(bytes);
        while (batches.MoveNext())
        {
            PrintBatch(batches.Current, position);
            position += batches.Current.Header.SizeInBytes;
        }

        if (batches.Fault != RecordFault.None)
        {
            _isSound = false;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"@{position} {batches.Fault}: {batches.Remaining.Length} bytes"));
        }
    }

    private void PrintBatch(RecordBatchSlice batch, long position)
    {
        var header = batch.Header;
        var crc = Crc32C.Compute(batch.Bytes.Slice(RecordBatchHeader.AttributesPosition));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"@{position} offsets {header.BaseOffset}..{header.LastOffset} count {header.RecordCount} size {header.SizeInBytes} "
            + $"epoch {header.PartitionLeaderEpoch} {header.TimestampType} {Time(header.MaxTimestamp)} codec {header.Codec}{Producer(header)}"
            + $"{(header.IsTransactional ? " transactional" : "")}{(header.IsControl ? " control" : "")}"
            + $"{(header.HasDeleteHorizon ? $" delete horizon {Time(header.BaseTimestamp)}" : "")} "
            + $"crc {(crc == header.Crc ? "ok" : $"{header.Crc:x8} but is {crc:x8}")}"));
        _isSound &= crc == header.Crc;
        using var records = new RecordBatchReader(batch);
        while (records.MoveNext())
        {
            var record = records.Current;
            var text = header.IsControl ? _records.Control(record) : _records.Data(record);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {record.Offset} {Time(record.Timestamp)} {text}"));
        }

        if (records.Fault != RecordFault.None)
        {
            _isSound = false;
            output.WriteLine($"  {records.Fault}");
        }
    }

    private bool PrintTail(Stream segment, long position, ReadOnlySpan<byte> begun)
    {
        var onlyZeros = !begun.ContainsAnyExcept((byte)0);
        long count = begun.Length;
        var buffer = new byte[64 * 1024];
        for (int read; (read = segment.Read(buffer)) > 0; count += read)
        {
            onlyZeros &= !buffer.AsSpan(0, read).ContainsAnyExcept((byte)0);
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"@{position} {count} bytes that are not a batch{(onlyZeros ? ", all zero: room that was reserved" : "")}"));
        return onlyZeros && _isSound;
    }

    private static string Producer(in RecordBatchHeader header) => header.HasProducerId
        ? string.Create(CultureInfo.InvariantCulture,
        $" producer {header.ProducerId} epoch {header.ProducerEpoch} sequence {header.BaseSequence}..{header.LastSequence}")
        : "";

    private static string Time(long ms) => ms is >= 0 and < 253_402_300_800_000
        ? DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)
        : ms.ToString(CultureInfo.InvariantCulture);
}
