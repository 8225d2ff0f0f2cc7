using System.Buffers.Binary;
using System.Text;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Tests.Golden;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Wire;

/// <summary>The decoder's rules for bytes that nobody honest sends.</summary>
public class WireReaderTests
{
    [Fact]
    public void Any_byte_but_zero_is_true()
    {
        var reader = new WireReader(new byte[] { 0, 1, 2, 0xff });
        Assert.False(reader.ReadBool());
        Assert.True(reader.ReadBool());
        Assert.True(reader.ReadBool());
        Assert.True(reader.ReadBool());
    }

    [Fact]
    public void A_padded_varint_is_read_up_to_five_bytes()
    {
        var reader = new WireReader(new byte[] { 0x81, 0x80, 0x80, 0x80, 0x00 });
        Assert.Equal(1u, reader.ReadUnsignedVarint());
        Assert.Equal(WireFormatReason.VarintTooLong, ReasonOf([0x81, 0x80, 0x80, 0x80, 0x80, 0x00], (ref WireReader r) => r.ReadUnsignedVarint()));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-2)]
    [InlineData(int.MinValue)]
    public void A_negative_array_length_is_null_whatever_its_value(int length)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        var reader = new WireReader(bytes);
        Assert.Equal(-1, reader.ReadArrayLength(flexible: false, nullable: true, elementBytes: 1, elementCost: 8));
        Assert.Equal(WireFormatReason.UnexpectedNull, ReasonOf(bytes, (ref WireReader r) => r.ReadArrayLength(false, nullable: false, 1, 8)));
    }

    [Fact]
    public void Null_where_none_may_be_is_refused()
    {
        Assert.Equal(WireFormatReason.UnexpectedNull, ReasonOf([0xff, 0xff], (ref WireReader r) => r.ReadString(flexible: false)));
        Assert.Equal(WireFormatReason.UnexpectedNull, ReasonOf([0], (ref WireReader r) => r.ReadString(flexible: true)));
        Assert.Equal(WireFormatReason.UnexpectedNull, ReasonOf([0], (ref WireReader r) => r.ReadBytes(flexible: true)));
        Assert.Equal(WireFormatReason.UnexpectedNull, ReasonOf([0], (ref WireReader r) => r.ReadRecords(flexible: true)));
    }

    [Fact]
    public void An_array_is_no_longer_than_the_bytes_left_allow()
    {
        var bytes = new byte[4 + 40];
        BinaryPrimitives.WriteInt32BigEndian(bytes, 11);
        Assert.Equal(WireFormatReason.ArrayTooLong, ReasonOf(bytes, (ref WireReader r) => r.ReadArrayLength(false, false, elementBytes: 4, elementCost: 4)));
        BinaryPrimitives.WriteInt32BigEndian(bytes, 10);
        var reader = new WireReader(bytes);
        Assert.Equal(10, reader.ReadArrayLength(false, false, elementBytes: 4, elementCost: 4));
    }

    [Fact]
    public void An_array_has_no_more_than_a_million_elements()
    {
        var bytes = new byte[4 + 1_000_001];
        BinaryPrimitives.WriteInt32BigEndian(bytes, 1_000_001);
        Assert.Equal(WireFormatReason.ArrayTooLong, ReasonOf(bytes, (ref WireReader r) => r.ReadArrayLength(false, false, elementBytes: 1, elementCost: 1)));
        BinaryPrimitives.WriteInt32BigEndian(bytes, 1_000_000);
        var reader = new WireReader(bytes);
        Assert.Equal(1_000_000, reader.ReadArrayLength(false, false, elementBytes: 1, elementCost: 1));
    }

    [Fact]
    public void A_string_has_no_more_than_32767_bytes()
    {
        byte[] bytes = [0x80, 0x80, 0x02, .. Enumerable.Repeat((byte)'a', 32767)];
        var reader = new WireReader(bytes);
        Assert.Equal(32767, reader.ReadString(flexible: true).Length);
        byte[] longer = [0x81, 0x80, 0x02, .. Enumerable.Repeat((byte)'a', 32768)];
        Assert.Equal(WireFormatReason.StringTooLong, ReasonOf(longer, (ref WireReader r) => r.ReadString(flexible: true)));
    }

    [Fact]
    public void A_struct_has_no_more_than_ten_thousand_tagged_fields()
    {
        var reader = new WireReader(new byte[] { 0x90, 0x4e });
        Assert.Equal(10_000, reader.ReadTagCount());
        Assert.Equal(WireFormatReason.TooManyTags, ReasonOf([0x91, 0x4e], (ref WireReader r) => r.ReadTagCount()));
        Assert.Equal(WireFormatReason.TooManyTags, ReasonOf([0xff, 0xff, 0xff, 0xff, 0x0f], (ref WireReader r) => r.ReadTagCount()));
    }

    [Fact]
    public void Lengths_past_the_end_are_refused_before_anything_is_allocated()
    {
        Assert.Equal(WireFormatReason.Truncated, ReasonOf([0x7f, 0xff, 0xff, 0xff], (ref WireReader r) => r.ReadBytes(flexible: false)));
        Assert.Equal(WireFormatReason.Truncated, ReasonOf([0x7f, 0xff], (ref WireReader r) => r.ReadString(flexible: false)));
        Assert.Equal(WireFormatReason.Truncated, ReasonOf([0x05, 0xff, 0xff, 0xff, 0xff, 0x07], (ref WireReader r) => r.ReadTag(out _)));
        Assert.Equal(WireFormatReason.Truncated, ReasonOf([1, 2, 3], (ref WireReader r) => r.ReadInt32()));
    }

    [Fact]
    public void Bytes_after_the_body_are_left_for_the_caller()
    {
        var reader = new WireReader(new byte[] { 0, 0, 0, 7, 9, 9 });
        Assert.Equal(7, ResponseHeader.Read(ref reader, 0).CorrelationId);
        Assert.Equal(2, reader.Remaining);
    }

    [Fact]
    public void Repeated_and_descending_tags_are_accepted()
    {
        // correlation id, three unknown tags: 9, 9, 3.
        byte[] bytes = [0, 0, 0, 1, 3, 9, 1, 0xaa, 9, 1, 0xbb, 3, 0];
        var reader = new WireReader(bytes, keepUnknownTags: true);
        var header = ResponseHeader.Read(ref reader, 1);
        Assert.Equal([9, 9, 3], header.UnknownTags!.Select(t => t.Tag));
        Assert.Equal(bytes, GoldenRow.Write(header, 1));
    }

    [Fact]
    public void Unknown_tags_are_not_kept_unless_asked_for()
    {
        var reader = new WireReader(new byte[] { 0, 0, 0, 1, 1, 9, 1, 0xaa });
        Assert.Null(ResponseHeader.Read(ref reader, 1).UnknownTags);
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void A_version_without_a_schema_is_refused()
    {
        Assert.Equal(WireFormatReason.UnsupportedVersion, ReasonOf([], (ref WireReader r) => ProduceRequest.Read(ref r, 2)));
        Assert.Equal(WireFormatReason.UnsupportedVersion, ReasonOf([], (ref WireReader r) => ApiCatalog.ReadRequest((ApiKey)4, ref r, 0)));
        Assert.Equal(WireFormatReason.UnsupportedVersion, ReasonOf([], (ref WireReader r) => ApiCatalog.ReadRequest((ApiKey)500, ref r, 0)));
    }

    [Fact]
    public void Records_are_a_slice_of_the_frame()
    {
        byte[] frame = [0, 0, 0, 3, 1, 2, 3, 4];
        var reader = new WireReader(frame);
        var records = reader.ReadRecords(flexible: false);
        frame[4] = 42;
        Assert.Equal([42, 2, 3], records.ToArray());
        Assert.Equal(1, reader.Remaining);
    }

    [Fact]
    public void A_string_across_pieces_is_whole()
    {
        var text = Encoding.UTF8.GetBytes("日本語🚀");
        var reader = new WireReader(Pieces.Cut([(byte)(text.Length + 1), .. text], 2));
        Assert.Equal("日本語🚀", reader.ReadString(flexible: true));
    }

    private delegate object? Reading(ref WireReader reader);

    private static WireFormatReason ReasonOf(byte[] bytes, Reading read)
    {
        try
        {
            var reader = new WireReader(bytes);
            _ = read(ref reader);
        }
        catch (WireFormatException e)
        {
            return e.Reason;
        }

        Assert.Fail("the bytes were accepted");
        return default;
    }
}
