using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>
/// Segments with messages of magic 0 and 1, as topics older than Kafka 0.11 have them, and with batches of a magic to come. What is read is what Apache Kafka
/// 4.4 sends, which is the bytes as they are; and no file gets shorter.
/// </summary>
public sealed class OldFormatTests
{
    private const string Folder = "/data/t-0";
    private const long Time = Batches.StartMs;

    private readonly FixedClock _clock = new(Time + 60_000);
    private readonly ForgetfulFileStore _files;
    private readonly LogEnvironment _environment;

    public OldFormatTests()
    {
        _files = new ForgetfulFileStore(_clock);
        _files.CreateFolder(Folder);
        _environment = new LogEnvironment(_files, _clock, new Random(1));
    }

    public static TheoryData<string, bool> Logs()
    {
        var data = new TheoryData<string, bool>();
        foreach (var name in s_logs.Keys)
        {
            data.Add(name, true);
            data.Add(name, false);
        }
        return data;
    }

    /// <summary>Each log: its segments by base offset, and for each offset the byte of all segments where Kafka's answer starts.</summary>
    private static readonly Dictionary<string, (SortedDictionary<long, byte[]> Segments, int[] Starts)> s_logs = new()
    {
        ["magic 0"] = (One(Plain(0, 0, 5)), [0, 31, 62, 93, 124]),
        ["magic 1"] = (One(Plain(1, 0, 5)), [0, 39, 78, 117, 156]),
        ["compressed magic 0"] = (One([.. Wrapped(0, 0, 3), .. Wrapped(0, 3, 3)]), [0, 0, 0, -1, -1, -1]),
        ["compressed magic 1"] = (One([.. Wrapped(1, 0, 3), .. Wrapped(1, 3, 3)]), [0, 0, 0, -1, -1, -1]),
        ["all in one"] = (One([.. Plain(0, 0, 5), .. Wrapped(1, 5, 3), .. Batches.Plain(8, 2)]), [0, 31, 62, 93, 124, 155, 155, 155, -1, -1]),
        ["one after another"] = (new SortedDictionary<long, byte[]> { [0] = Plain(1, 0, 5), [5] = Batches.Plain(5, 2), [7] = Plain(0, 7, 2) },
            [0, 39, 78, 117, 156, 195, 195, -1, -1]),
    };

    [Theory]
    [MemberData(nameof(Logs))]
    public void OldMessagesAreServedAsTheyAre(string name, bool clean)
    {
        (var segments, var starts) = s_logs[name];
        Write(segments);
        byte[] all = [.. segments.Values.SelectMany(static bytes => bytes)];
        for (var opening = 0; opening < 2; opening++)
        {
            var log = Open(clean);
            Assert.Equal((0L, starts.Length), (log.LogStartOffset, log.LogEndOffset));
            long last = -1;
            for (var offset = 0; offset < starts.Length; offset++)
            {
                using var region = log.Read(offset, 1 << 20, long.MaxValue, minOneBatch: true).Region!;
                var bytes = region.ToArray();
                var at = all.AsSpan().IndexOf(bytes);
                Assert.True(at >= 0);
                if (starts[offset] >= 0)
                    Assert.Equal(starts[offset], at);
                Assert.True(at >= last);
                last = at;
            }
            Assert.True(log.AdvanceLogStart(2) || opening > 0);
            Assert.True(log.Read(1, 100, long.MaxValue, true).IsOutOfRange);
            log.Close();
            foreach ((var baseOffset, var bytes) in segments)
                Assert.Equal(bytes, _files.ReadAllBytes($"{Folder}/{baseOffset:D20}.log"));
        }
        Assert.Equal(0, _environment.Recovery.CountOf(RepairAct.LogCut) + _environment.Recovery.CountOf(RepairAct.SegmentsDeleted)
            + _environment.Recovery.CountOf(RepairAct.DamageKept));
    }

    /// <summary>Magic 0 has no times, magic 1 has, within a compressed message too.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TimesOfOldMessagesAreFound(bool clean)
    {
        Write(One([.. Plain(0, 0, 5), .. Wrapped(1, 5, 3), .. Batches.Plain(8, 2, timestamp: Time + 3000)]));
        var log = Open(clean);
        Assert.Equal(new TimestampAndOffset(5, Time, -1), log.FindByTimestamp(0));
        Assert.Equal(new TimestampAndOffset(6, Time + 1, -1), log.FindByTimestamp(Time + 1));
        Assert.Equal(new TimestampAndOffset(8, Time + 3000, 0), log.FindByTimestamp(Time + 3));
        Assert.Null(log.FindByTimestamp(Time + 9000));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatComesBehindOldMessagesIsFoundAgain(bool clean)
    {
        Write(One(Plain(1, 0, 5)));
        var log = Open(clean);
        var batch = Batches.Plain(5, 3);
        log.Append(batch);
        log.Close();
        var again = Open(clean);
        Assert.Equal(8, again.LogEndOffset);
        using var region = again.Read(6, 1 << 20, long.MaxValue, true).Region!;
        Assert.Equal(batch, region.ToArray());
    }

    /// <summary>The magic is under no checksum. A batch whose magic nobody knows keeps its place and is not given out; those around it are.</summary>
    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 3)]
    [InlineData(true, 0)]
    [InlineData(false, 0)]
    [InlineData(true, 255)]
    [InlineData(false, 255)]
    public void AnUnknownMagicIsNotCut(bool clean, byte magic)
    {
        var strange = Batches.Plain(2, 2);
        strange[RecordBatchHeader.MagicPosition] = magic;
        byte[] all = [.. Batches.Plain(0, 2), .. strange, .. Batches.Plain(4, 2)];
        Write(One(all));
        var log = Open(clean);
        Assert.Equal(6, log.LogEndOffset);
        log.Read(1, 1, long.MaxValue, true).Region!.Dispose();
        log.Read(5, 1, long.MaxValue, true).Region!.Dispose();
        _ = Assert.Throws<DamagedBatchException>(() => log.Read(3, 1, long.MaxValue, true));
        log.Close();
        Assert.Equal(all, _files.ReadAllBytes($"{Folder}/{0:D20}.log"));
    }

    /// <summary>Where not even the checksum stands where it did, the length says that the batch is whole: the start is refused.</summary>
    [Fact]
    public void ABatchOfALaterFormatIsNotTakenForTorn()
    {
        var later = Batches.Plain(2, 2);
        later[RecordBatchHeader.MagicPosition] = 3;
        later[RecordBatchHeader.CrcPosition] ^= 1;
        byte[] all = [.. Batches.Plain(0, 2), .. later, .. Batches.Plain(4, 2)];
        Write(One(all));
        Assert.Contains("magic 3", Assert.Throws<LogCorruptionException>(() => Open(clean: false)).Message, StringComparison.Ordinal);
        Assert.Equal(all, _files.ReadAllBytes($"{Folder}/{0:D20}.log"));
    }

    /// <summary>Codecs and attributes that nobody knows are the client's business.</summary>
    [Theory]
    [InlineData(true, 0x07)]
    [InlineData(false, 0x07)]
    [InlineData(true, 0x4000)]
    [InlineData(false, 0x4000)]
    public void UnknownAttributesAreServed(bool clean, short attributes)
    {
        var strange = Batches.Plain(2, 2);
        BinaryPrimitives.WriteInt16BigEndian(strange.AsSpan(RecordBatchHeader.AttributesPosition), attributes);
        BinaryPrimitives.WriteUInt32BigEndian(strange.AsSpan(RecordBatchHeader.CrcPosition),
            Crc32C.Compute(strange.AsSpan(RecordBatchHeader.AttributesPosition)));
        Write(One([.. Batches.Plain(0, 2), .. strange, .. Batches.Plain(4, 2)]));
        var log = Open(clean);
        Assert.Equal(6, log.LogEndOffset);
        using var region = log.Read(3, strange.Length, long.MaxValue, true).Region!;
        Assert.Equal(strange, region.ToArray());
    }

    private static SortedDictionary<long, byte[]> One(byte[] bytes) => new() { [0] = bytes };

    private void Write(SortedDictionary<long, byte[]> segments)
    {
        foreach ((var baseOffset, var bytes) in segments)
        {
            _files.WriteAtomically($"{Folder}/{baseOffset:D20}.log", bytes);
            _files.WriteAtomically($"{Folder}/{baseOffset:D20}.index", []);
            _files.WriteAtomically($"{Folder}/{baseOffset:D20}.timeindex", []);
        }
    }

    private PartitionLog Open(bool clean) =>
        PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), LogSettings.Default with { RetentionMs = -1 }, new LogOpening(clean));

    private static byte[] Plain(int magic, long from, int count)
    {
        var all = new List<byte>();
        for (var offset = from; offset < from + count; offset++)
            all.AddRange(Message(offset, magic, codec: 0, Encoding.ASCII.GetBytes($"old {offset}"), Time + offset));
        return [.. all];
    }

    /// <summary>Offsets within are whole in magic 0, and count from 0 in magic 1.</summary>
    private static byte[] Wrapped(int magic, long from, int count)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var i = 0; i < count; i++)
                gzip.Write(Message(magic == 0 ? from + i : i, magic, codec: 0, Encoding.ASCII.GetBytes($"old {from + i}"), Time + i));
        }
        return Message(from + count - 1, magic, codec: 1, packed.ToArray(), Time + count - 1);
    }

    private static byte[] Message(long offset, int magic, byte codec, byte[] value, long timestamp)
    {
        var header = magic == 0 ? 0 : 8;
        var bytes = new byte[18 + header + 8 + value.Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, offset);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), bytes.Length - 12);
        bytes[16] = (byte)magic;
        bytes[17] = codec;
        if (magic > 0)
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(18), timestamp);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(18 + header), -1);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(22 + header), value.Length);
        value.CopyTo(bytes, 26 + header);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(12), Crc32.Compute(bytes.AsSpan(16)));
        return bytes;
    }
}
