using System.Buffers.Binary;
using System.Globalization;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Server.Decode;

/// <summary>The small files beside a segment.</summary>
internal static class IndexPrinter
{
    private const int OffsetEntry = 8;
    private const int TimeEntry = 12;
    private const int TransactionEntry = 34;

    /// <summary>Kafka adds an entry to an index only where both of its numbers have grown, so that one can be searched for.</summary>
    private const string NotBehind = ", which is not behind the entry before";

    private const string NotFirst = ", which an index cannot begin with";

    /// <summary>Offset and position of each entry, up to the zeros of a preallocated end.</summary>
    public static bool Offsets(ReadOnlySpan<byte> bytes, long baseOffset, TextWriter output)
    {
        var (isAscending, lastOffset, lastPosition) = (true, -1, -1);
        for (var at = 0; at + OffsetEntry <= bytes.Length; at += OffsetEntry)
        {
            var offset = BinaryPrimitives.ReadInt32BigEndian(bytes[at..]);
            var position = BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 4)..]);
            if (offset == 0 && (at > 0 || !bytes.ContainsAnyExcept((byte)0)))
            {
                return Reserved(bytes[at..], output) && isAscending;
            }

            var isBehind = offset > lastOffset && position > lastPosition;
            (isAscending, lastOffset, lastPosition) = (isAscending && isBehind, offset, position);
            output.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"offset {baseOffset + offset} at {position}{(isBehind ? "" : at == 0 ? NotFirst : NotBehind)}"));
        }

        return Whole(bytes.Length, OffsetEntry, output) && isAscending;
    }

    public static bool Times(ReadOnlySpan<byte> bytes, long baseOffset, TextWriter output)
    {
        var (isAscending, lastTimestamp, lastOffset) = (true, -1L, -1);
        for (var at = 0; at + TimeEntry <= bytes.Length; at += TimeEntry)
        {
            var timestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[at..]);
            var offset = BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 8)..]);
            if (timestamp == 0 && (at > 0 || !bytes.ContainsAnyExcept((byte)0)))
            {
                return Reserved(bytes[at..], output) && isAscending;
            }

            var isBehind = timestamp > lastTimestamp && offset >= lastOffset && offset >= 0;
            (isAscending, lastTimestamp, lastOffset) = (isAscending && isBehind, timestamp, offset);
            output.WriteLine(
                string.Create(CultureInfo.InvariantCulture,
                $"timestamp {timestamp} offset {baseOffset + offset}{(isBehind ? "" : at == 0 ? NotFirst : NotBehind)}"));
        }

        return Whole(bytes.Length, TimeEntry, output) && isAscending;
    }

    public static bool Transactions(byte[] bytes, TextWriter output)
    {
        for (var at = 0; at + TransactionEntry <= bytes.Length; at += TransactionEntry)
        {
            var reader = new WireReader(bytes.AsMemory(at, TransactionEntry));
            var version = reader.ReadInt16();
            output.WriteLine(MessageText.Of(AbortedTxn.Read(ref reader, version), version, indented: false));
        }

        return Whole(bytes.Length, TransactionEntry, output);
    }

    public static bool Producers(byte[] bytes, TextWriter output)
    {
        try
        {
            var reader = new WireReader(bytes.AsMemory());
            var version = reader.ReadInt16();
            output.WriteLine(MessageText.Of(Protocol.StorageRecords.ProducerSnapshot.Read(ref reader, version), version, indented: true));
            return true;
        }
        catch (WireFormatException e)
        {
            output.WriteLine($"no producer snapshot: {e.Message}");
            return false;
        }
    }

    private static bool Reserved(ReadOnlySpan<byte> rest, TextWriter output)
    {
        var zero = !rest.ContainsAnyExcept((byte)0);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rest.Length} bytes {(zero ? "of reserved room" : "that are not entries")}"));
        return zero;
    }

    private static bool Whole(int length, int entry, TextWriter output)
    {
        if (length % entry != 0)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{length % entry} bytes of an entry that is cut"));
        }

        return length % entry == 0;
    }
}
