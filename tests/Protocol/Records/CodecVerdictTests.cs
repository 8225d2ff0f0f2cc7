using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using K4os.Hash.xxHash;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

/// <summary>
/// What is acknowledged can be read by Kafka's consumers, and what Kafka takes and can read back is taken. Samples/codec-verdicts.tsv holds what Apache Kafka's
/// own classes said to mutated payloads of each codec; compat-tests/verdicts.py asks them about 80,000, and writes the sample.
/// </summary>
public sealed class CodecVerdictTests
{
    private const short Undecodable = (short)ErrorCode.UnknownServerError, InvalidRecord = (short)ErrorCode.InvalidRecord;

    private static readonly byte[] Records = Record(0);

    [Fact]
    public void Mutated_payloads_get_the_verdict_of_Kafka()
    {
        var failures = new List<string>();
        var compared = 0;
        foreach (var row in SampleBatches.Table("codec-verdicts.tsv"))
        {
            compared++;
            var codec = (CompressionType)int.Parse(row["codec"], CultureInfo.InvariantCulture);
            var records = int.Parse(row["records"], CultureInfo.InvariantCulture);
            var payload = Convert.FromHexString(row["payload"]);
            short kafka = short.Parse(row["error"], CultureInfo.InvariantCulture), ours = Verdict(codec, payload, records);
            // Both refuse what is wrong in two ways; what Kafka stores and cannot read back is refused.
            var agrees = (ours == kafka && (ours != 0 || row["consumer"] == "readable")) || (ours != 0 && (kafka != 0 || row["consumer"] == "unreadable"));
            if (!agrees) failures.Add($"{codec} {row["payload"]}: {ours}, Kafka {kafka}, for its consumer {row["consumer"]}");
        }
        Assert.True(failures.Count == 0, $"{failures.Count} of {compared}:\n{string.Join('\n', failures)}");
        Assert.Equal(1200, compared);
    }

    [Theory]
    [InlineData(0x00, 0)]
    [InlineData(0x02, 0)]
    [InlineData(0x1f, 0)]
    [InlineData(0xe0, 0)]
    public void Gzip_with_every_flag_is_taken(int flags, short expected) => Assert.Equal(expected, Verdict(CompressionType.Gzip, Gzip(Records, flags)));

    [Fact]
    public void Gzip_whose_header_checksum_is_wrong_is_refused() =>
        Assert.Equal(Undecodable, Verdict(CompressionType.Gzip, Gzip(Records, 0x02, headerChecksumXor: 1)));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(9000)]
    public void Gzip_with_bytes_between_the_deflate_stream_and_the_trailer_is_refused(int count)
    {
        var sound = Gzip(Records);
        Assert.Equal(Undecodable, Verdict(CompressionType.Gzip, [.. sound[..^8], .. new byte[count], .. sound[^8..]]));
    }

    [Fact]
    public void Gzip_members_may_be_empty_anywhere()
    {
        byte[] empty = Gzip([]), first = Gzip(Records[..5]), second = Gzip(Records[5..]), large = Gzip(Record(20_000));
        Assert.Equal(0, Verdict(CompressionType.Gzip, [.. empty, .. first, .. empty, .. empty, .. second, .. empty]));
        Assert.Equal(0, Verdict(CompressionType.Gzip, [.. empty, .. large, .. empty]));
        Assert.Equal(0, Verdict(CompressionType.Gzip, [.. first, .. second, .. "anything at all, or a cut member"u8]));
        Assert.Equal(InvalidRecord, Verdict(CompressionType.Gzip, empty));
    }

    [Fact]
    public void Gzip_members_are_read_wherever_they_lie()
    {
        var member = Gzip(Records);
        for (var piece = 1; piece <= member.Length; piece++)
            Assert.Equal(Records, Decompress(CompressionType.Gzip, Segments.Every([.. member, .. member], piece))[..Records.Length]);
    }

    [Fact]
    public void Lz4_that_promises_a_checksum_of_the_content_has_one()
    {
        byte[] frame = [0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, (byte)Records.Length, 0, 0, 0x80, .. Records, 0, 0, 0, 0];
        Assert.Equal(Undecodable, Verdict(CompressionType.Lz4, frame));
        Assert.Equal(Undecodable, Verdict(CompressionType.Lz4, [.. frame, 1, 2, 3]));
        Assert.Equal(0, Verdict(CompressionType.Lz4, [.. frame, 1, 2, 3, 4]));
    }

    /// <summary>What Apache Kafka 4.4 answered to a Produce of each.</summary>
    [Fact]
    public void Lz4_frames_end_and_follow_each_other_as_for_Kafka()
    {
        byte[] mark = [0, 0, 0, 0], header = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82], skippable = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2];
        byte[] block = Block(Records), first = [.. header, .. Block(Records[..5]), .. mark], second = [.. header, .. Block(Records[5..]), .. mark],
        empty = [.. header, .. mark];
        byte[] open = [.. header, .. block], sound = [.. open, .. mark];
        (string What, byte[] Payload, short Expected)[] cases =
        [
            ("sound", sound, 0), ("a mark with the bit of a stored block", [.. open, 0, 0, 0, 0x80], 0),
            ("no mark", open, Undecodable), ("a byte of it", [.. open, 0], Undecodable), ("two", [.. open, 0, 0], Undecodable),
            ("three", [.. open, 0, 0, 0], Undecodable),
            ("other bytes in its place", [.. open, .. "abcd"u8], Undecodable), ("a cut block", open[..^1], Undecodable),
            ("a second frame", [.. sound, .. sound], 0), ("an empty one", [.. sound, .. empty], 0), ("one to skip", [.. sound, .. skippable], 0),
            ("a byte behind", [.. sound, 1], 0),
            ("records over two frames", [.. first, .. second], InvalidRecord), ("the first without a mark", [.. first[..^4], .. second], Undecodable),
            ("with one to skip between them", [.. first, .. skippable, .. second], InvalidRecord),
            ("an empty frame first", [.. empty, .. sound], InvalidRecord), ("one to skip first", [.. skippable, .. sound], Undecodable),
            ("nothing", empty, InvalidRecord), ("a header alone", header, Undecodable),
            ("a block behind the records", [.. open, .. Block([1]), .. mark], InvalidRecord),
            ("two blocks", [.. header, .. Block(Records[..5]), .. Block(Records[5..]), .. mark], 0),
            ("two without a mark", [.. header, .. Block(Records[..5]), .. Block(Records[5..])], Undecodable),
            ("a content size that is right", WithSize(Records.Length), 0), ("too small", WithSize(Records.Length - 1), 0),
            ("too large", WithSize(Records.Length + 1), 0),
            ("none", WithSize(0), 0), ("as large as can be", WithSize(-1), 0),
        ];
        Assert.Empty(cases.Where(static one => Verdict(CompressionType.Lz4, one.Payload) != one.Expected)
            .Select(static one => $"{one.What}: {Verdict(CompressionType.Lz4, one.Payload)}"));

        static byte[] Block(byte[] bytes) => [(byte)bytes.Length, 0, 0, 0x80, .. bytes];

        byte[] WithSize(long size)
        {
            byte[] descriptor = [0x68, 0x40, 0, 0, 0, 0, 0, 0, 0, 0];
            BinaryPrimitives.WriteInt64LittleEndian(descriptor.AsSpan(2), size);
            return [0x04, 0x22, 0x4d, 0x18, .. descriptor, (byte)(XXH32.DigestOf(descriptor) >> 8), .. block, .. mark];
        }
    }

    [Fact]
    public void Lz4_ends_at_a_block_of_no_bytes()
    {
        byte[] block = [(byte)Records.Length, 0, 0, 0x80, .. Records], nothing = [1, 0, 0, 0, 0], header = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
        Assert.Equal(0, Verdict(CompressionType.Lz4, [.. header, .. block, .. nothing, 1, 2]));
        Assert.Equal(InvalidRecord, Verdict(CompressionType.Lz4, [.. header, .. nothing, .. block, 0, 0, 0, 0]));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(0, Undecodable)]
    [InlineData(-1, Undecodable)]
    public void A_later_header_of_snappy_has_a_version_that_is_known(int version, short expected)
    {
        byte[] header = [0x82, .. "SNAPPY\0"u8, 0, 0, 0, 1, 0, 0, 0, 1], block = [(byte)Records.Length, (byte)((Records.Length - 1) << 2), .. Records];
        byte[] later = [.. header];
        BinaryPrimitives.WriteInt32BigEndian(later.AsSpan(8), version);
        byte[] sound = [.. header, 0, 0, 0, (byte)block.Length, .. block];
        Assert.Equal(expected, Verdict(CompressionType.Snappy, [.. sound, .. later]));
        // In the first header nobody minds it.
        Assert.Equal(0, Verdict(CompressionType.Snappy, [.. later, .. sound[16..]]));
    }

    private static byte[] Decompress(CompressionType codec, ReadOnlySequence<byte> payload)
    {
        using var output = new PooledBuffer();
        Assert.Equal(DecompressionResult.Done, CompressionCodecs.Get(codec).Decompress(payload, output, 1 << 20));
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Record(int valueBytes)
    {
        using var builder = new RecordBatchBuilder();
        builder.Append(0, new NullableBytes("key"u8), new NullableBytes(new byte[valueBytes]));
        using var buffer = new PooledBuffer();
        _ = builder.WriteTo(buffer);
        return buffer.WrittenSpan[RecordBatchHeader.Size..].ToArray();
    }

    /// <summary>A member with the parts that its flags name.</summary>
    private static byte[] Gzip(byte[] content, int flags = 0, int headerChecksumXor = 0)
    {
        var header = new List<byte> { 0x1f, 0x8b, 8, (byte)flags, 0, 0, 0, 0, 0, 0xff };
        if ((flags & 0x04) != 0) header.AddRange([3, 0, 1, 2, 3]);
        if ((flags & 0x08) != 0) header.AddRange("name\0"u8);
        if ((flags & 0x10) != 0) header.AddRange("comment\0"u8);
        if ((flags & 0x02) != 0)
        {
            var checksum = Crc32.Compute([.. header]) ^ (uint)headerChecksumXor;
            header.AddRange([(byte)checksum, (byte)(checksum >> 8)]);
        }
        using var deflated = new MemoryStream();
        using (var deflate = new DeflateStream(deflated, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(content);
        byte[] body = content.Length == 0 ? [3, 0] : deflated.ToArray(), trailer = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, Crc32.Compute(content));
        BinaryPrimitives.WriteInt32LittleEndian(trailer.AsSpan(4), content.Length);
        return [.. header, .. body, .. trailer];
    }

    private static short Verdict(CompressionType codec, byte[] payload, int records = 1)
    {
        var batch = CompressedBatch.Of(codec, records, payload);
        var rules = new ProduceBatchRules(8, "t", 0, new ProduceSettings(), 1_795_382_605_704);
        using var verdict = ProduceBatchValidator.Validate(new ReadOnlySequence<byte>(batch), rules);
        return (short)verdict.Error;
    }
}
