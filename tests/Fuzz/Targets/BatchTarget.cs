using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using KafkaCompat.Fuzz.Engine;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Fuzz.Targets;

/// <summary>
/// Record batches: the validator under several settings of a topic, iteration, and building anew. A verdict is reached without an exception and within
/// the caps, the same for whole and for cut memory; what is accepted can be read to its last record, and built anew it holds the same records.
/// </summary>
internal sealed class BatchTarget : FuzzTarget
{
    private const int RecordLimit = 1 << 20;
    private const long NowMs = 1_800_000_000_000;

    /// <summary>Pooled buffers and the codecs' windows, each grown by doubling.</summary>
    private const long CodecCaps = 32L << 20;

    /// <summary>A message of magic 0 or 1 in memory, over its bytes on the wire: at most so many times the records' bytes.</summary>
    private const long LegacyCap = 16L * RecordLimit;

    private static readonly ProduceSettings[] Settings =
    [
        new() { MaxDecompressedMessageBytes = RecordLimit },
        new() { MaxDecompressedMessageBytes = RecordLimit, RequiresKeys = true, TimestampType = TimestampType.LogAppendTime },
        new() { MaxDecompressedMessageBytes = RecordLimit, Codec = CompressionType.Lz4 },
        new() { MaxMessageBytes = 2_000, Codec = CompressionType.None, SegmentBytes = 1_500 },
        new() { Codec = CompressionType.Zstd, TimestampBeforeMaxMs = 1_000, TimestampAfterMaxMs = 1_000 },
    ];

    private readonly int _legacySlot = Settings.Length;

    public override string Name => "batches";

    public override IReadOnlyList<string> Slots { get; } =
        ["produced", "produced with keys at the broker's time", "produced to lz4", "produced to none, small", "produced to zstd at near times",
            "magic 0 and 1"];

    public override IEnumerable<FuzzInput> Seeds()
    {
        byte[][] seeds = [.. GoldenRows.Batches(), .. Enum.GetValues<CompressionType>().Where(static c => c <= CompressionType.Zstd).SelectMany(Built),
            Legacy(0), Legacy(1)];
        return from seed in seeds from slot in Enumerable.Range(0, Slots.Count) select new FuzzInput(slot, seed);
    }

    public override void Run(FuzzInput input)
    {
        if (input.Slot == _legacySlot)
        {
            RunLegacy(input.Bytes);
            return;
        }

        var rules = new ProduceBatchRules(input.Bytes.Length % 2 == 0 ? (short)12 : (short)6, "t", 0, Settings[input.Slot], NowMs);
        var pieces = Pieces.Cut([.. input.Bytes], 1 + (input.Bytes.Length % 61));
        byte[] copy = [.. input.Bytes];
        _ = ProduceBatchValidator.RefuseRequest(new ReadOnlySequence<byte>(copy), out _);
        var meter = AllocationMeter.Start();
        using var whole = ProduceBatchValidator.Validate(new ReadOnlySequence<byte>(copy), rules);
        meter.Check(copy.Length, "validating", CodecCaps);
        using var cut = ProduceBatchValidator.Validate(pieces, rules);
        meter = AllocationMeter.Start();
        var records = Contents(new ReadOnlySequence<byte>(input.Bytes), out _, out var wholeFault);
        meter.Check(input.Bytes.Length, "reading", CodecCaps);
        var inPieces = Contents(Pieces.Cut(input.Bytes, 7), out _, out var cutFault);
        OracleException.Require(whole.IsAccepted == cut.IsAccepted, "in pieces it is accepted, or refused, where whole it is not");
        // Of a damaged zstd frame that lies in one piece nothing is decompressed; in several, what stands before the damage. What is wrong with it, or its
        // size, may be found first.
        if (!IsDamaged(wholeFault) && !IsDamaged(cutFault))
        {
            OracleException.Require(
                (whole.Error, whole.ErrorMessage, whole.IsRebuilt, whole.Header) == (cut.Error, cut.ErrorMessage, cut.IsRebuilt, cut.Header),
                "in pieces it gets another verdict");
            OracleException.Require(whole.RecordErrors.SequenceEqual(cut.RecordErrors), "in pieces its records get other verdicts");
            OracleException.Require(records == inPieces, "in pieces it has other records");
        }

        if (!whole.IsAccepted)
        {
            return;
        }

        // What is accepted can be read by anybody, and written by us.
        _ = whole.Assign(5, 3);
        _ = cut.Assign(5, 3);
        OracleException.Require(whole.Batch.ToArray().AsSpan().SequenceEqual(cut.Batch.ToArray()), "in pieces it is stored in other bytes");
        var stored = Contents(whole.Batch, out var count, out var fault);
        OracleException.Require((count, fault) == (whole.Header.RecordCount, RecordFault.None),
            $"{count} of {whole.Header.RecordCount} accepted records can be read: {fault}");
        OracleException.Require(Contents(new ReadOnlySequence<byte>(Rebuild(whole.Batch)), out _, out _) == stored, "built anew it has other records");
    }

    public override byte[] Repair(FuzzInput input, Random random)
    {
        var bytes = input.Bytes;
        if (bytes.Length < RecordBatchHeader.Size || input.Slot == _legacySlot)
        {
            return bytes;
        }

        if (random.Next(4) == 0
            && (CompressionType)(
            bytes[RecordBatchHeader.AttributesPosition + 1] & BatchAttributes.CodecMask) is > CompressionType.None and <= CompressionType.Zstd and var codec)
        {
            bytes = DamageBelow(CompressionCodecs.Get(codec), bytes, random);
        }

        if (random.Next(8) > 0)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(RecordBatchHeader.BatchLengthPosition), bytes.Length - RecordBatchHeader.LogOverhead);
            bytes[RecordBatchHeader.MagicPosition] = (byte)RecordBatchHeader.CurrentMagic;
        }

        RecordBatchPatch.SetCrc(bytes);
        return bytes;
    }

    /// <summary>Records that decompress well and are none.</summary>
    private static byte[] DamageBelow(ICompressionCodec codec, byte[] bytes, Random random)
    {
        using var plain = new PooledBuffer();
        _ = codec.Decompress(new ReadOnlySequence<byte>(bytes.AsMemory(RecordBatchHeader.Size)), plain, Mutator.MaxBytes);
        var records = new Mutator(random).Mutate(plain.WrittenSpan.ToArray(), bytes);
        using var again = new PooledBuffer();
        codec.Compress(new ReadOnlySequence<byte>(records), again, CompressionCodecs.DefaultLevel(codec.Type));
        return [.. bytes.AsSpan(0, RecordBatchHeader.Size), .. again.WrittenSpan];
    }

    private static void RunLegacy(byte[] bytes)
    {
        var meter = AllocationMeter.Start();
        var fault = LegacyMessageSet.TryRead(bytes, RecordLimit, out var batches);
        meter.Check(bytes.Length, "reading magic 0 and 1", LegacyCap);
        OracleException.Require(fault != RecordFault.None
            || batches.Sum(static batch => batch.SizeInBytes) == bytes.Length, "the set was read and its bytes were not");
    }

    private static bool IsDamaged(RecordFault fault) => fault is RecordFault.Undecodable or RecordFault.DecompressedTooLarge;

    /// <summary>All that records say, as one text; their contents as a hash.</summary>
    private static string Contents(ReadOnlySequence<byte> bytes, out int count, out RecordFault fault)
    {
        count = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> numbers = stackalloc byte[24];
        var batches = RecordBatchEnumerator.Over(bytes);
        while (batches.MoveNext())
        {
            using var reader = new RecordBatchReader(batches.Current, RecordLimit);
            while (reader.MoveNext())
            {
                count++;
                var record = reader.Current;
                BinaryPrimitives.WriteInt64BigEndian(numbers, record.Offset);
                BinaryPrimitives.WriteInt64BigEndian(numbers[8..], record.Timestamp);
                BinaryPrimitives.WriteInt32BigEndian(numbers[16..], record.Key.IsNull ? -1 : record.Key.Length);
                BinaryPrimitives.WriteInt32BigEndian(numbers[20..], record.Value.IsNull ? -1 : record.Value.Length);
                hash.AppendData(numbers);
                hash.AppendData(record.Key.Span);
                hash.AppendData(record.Value.Span);
                foreach (var header in record.Headers)
                {
                    hash.AppendData(header.Key);
                    hash.AppendData(header.Value.Span);
                }
            }

            if (reader.Fault != RecordFault.None)
            {
                fault = reader.Fault;
                return $"{count} {fault} {Convert.ToHexString(hash.GetHashAndReset())}";
            }
        }

        fault = batches.Fault;
        return $"{count} {fault} {Convert.ToHexString(hash.GetHashAndReset())}";
    }

    private static byte[] Rebuild(in ReadOnlySequence<byte> batch)
    {
        var batches = RecordBatchEnumerator.Over(batch);
        _ = batches.MoveNext();
        var header = batches.Current.Header;
        using var reader = new RecordBatchReader(batches.Current, RecordLimit);
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = header.BaseOffset,
            Codec = header.Codec,
            TimestampType = header.TimestampType,
            BaseTimestamp = header.BaseTimestamp,
            MaxTimestamp = header.MaxTimestamp,
            LastOffsetDelta = header.LastOffsetDelta,
        };
        while (reader.MoveNext())
        {
            builder.AppendAt(reader.Current.OffsetDelta, reader.Current.Timestamp, reader.Current);
        }

        return builder.ToArray();
    }

    private static IEnumerable<byte[]> Built(CompressionType codec)
    {
        foreach (var records in (int[])[1, 3, 40])
        {
            using var builder = new RecordBatchBuilder
            {
                Codec = codec,
                ProducerId = records == 3 ? 9 : -1,
                ProducerEpoch = (short)(records == 3 ? 0 : -1),
                BaseSequence = records == 3 ? 0 : -1,
            };
            for (var i = 0; i < records; i++)
            {
                builder.Append(NowMs + i, Encoding.ASCII.GetBytes($"key{i}"), i % 5 == 4
                    ? NullableBytes.Null
                    : new NullableBytes(Encoding.ASCII.GetBytes($"value {i} of a batch, long enough to be compressed")),
                    [new RecordHeader(Encoding.ASCII.GetBytes("header"), Encoding.ASCII.GetBytes($"{i}"))]);
            }

            yield return builder.ToArray();
        }
    }

    /// <summary>A message of an old magic.</summary>
    private static byte[] Legacy(sbyte magic)
    {
        byte[] body = [(byte)magic, 0, .. magic == 0 ? [] : new byte[8], 0, 0, 0, 1, (byte)'k', 0, 0, 0, 1, (byte)'v'];
        var message = new byte[16 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(8), message.Length - RecordBatchHeader.LogOverhead);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(12), Protocol.Checksums.Crc32.Compute(body));
        body.CopyTo(message, 16);
        return message;
    }
}
