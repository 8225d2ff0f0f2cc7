using System.Buffers.Binary;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>The files beside a segment that hold messages: their bytes are frozen, and damage is noticed.</summary>
public sealed class SmallFilesTests
{
    private const string Snapshot = "/data/00000000000000000005.snapshot";
    private const string Index = "/data/00000000000000000000.txnindex";

    /// <summary>Version 1, the CRC, two producers: one in a transaction, one that only a marker has told of.</summary>
    private const string SnapshotHex =
        "0001" + "5da17579" + "00000002"
        + "0000000000000007" + "0001" + "0000000b" + "0000000000000004" + "00000002" + "0000018bcfe56800" + "00000003" + "0000000000000002"
        + "0000000000000008" + "0002" + "ffffffff" + "ffffffffffffffff" + "00000000" + "0000018bcfe56801" + "00000000" + "ffffffffffffffff";

    private readonly ForgetfulFileStore _files;

    public SmallFilesTests()
    {
        _files = new ForgetfulFileStore(new FixedClock(Batches.StartMs));
        _files.CreateFolder("/data");
    }

    [Fact]
    public void ProducersAreWrittenAndReadAsKafkaDoes()
    {
        var first = new ProducerEntry(7) { Epoch = 1, LastTimestamp = Batches.StartMs, CoordinatorEpoch = 3, CurrentTransactionFirstOffset = 2 };
        first.AddBatch(new ProducerBatch(11, 4, 2, Batches.StartMs));
        var bytes = ProducerSnapshotFile.Encode([first, new ProducerEntry(8) { Epoch = 2, LastTimestamp = Batches.StartMs + 1, CoordinatorEpoch = 0 }]);
        Assert.Equal(SnapshotHex, Convert.ToHexStringLower(bytes));

        var read = Read(bytes)!;
        Assert.Equal([(7, 1, 3, 2), (8, 2, 0, -1)], read.Select(p => (p.ProducerId, (int)p.Epoch, p.CoordinatorEpoch, p.CurrentTransactionFirstOffset)));
        Assert.Equal((1, 11, 4, 2), (read[0].BatchCount, read[0].LastSequence, read[0].LastDataOffset, read[0].LastOffsetDelta));
        Assert.Equal(0, read[1].BatchCount);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5, 0)]
    [InlineData(60, 0)]
    [InlineData(int.MaxValue, -1)]
    [InlineData(int.MaxValue, 1)]
    public void ASnapshotThatIsNotWholeIsNotUsed(int flipAt, int lengthBy)
    {
        var bytes = Convert.FromHexString(SnapshotHex);
        Array.Resize(ref bytes, bytes.Length + lengthBy);
        if (flipAt < bytes.Length)
            bytes[flipAt] ^= 1;
        else
            FixCrc(bytes);
        Assert.Null(Read(bytes));
    }

    [Theory]
    [InlineData(0x7fffffff)]
    [InlineData(3)]
    [InlineData(1)]
    [InlineData(-1)]
    public void ACountThatTheFileDoesNotHoldIsDamage(int count)
    {
        var bytes = Convert.FromHexString(SnapshotHex);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(6), count);
        FixCrc(bytes);
        Assert.Null(Read(bytes));
    }

    [Fact]
    public void AbortedTransactionsAreWrittenAndReadAsKafkaDoes()
    {
        var index = Open();
        index.Append(new AbortedTransaction(5, 0, 2, 1));
        index.Append(new AbortedTransaction(6, 1, 9, 10));
        index.CloseFile();
        Assert.Equal(
            "0000" + "0000000000000005" + "0000000000000000" + "0000000000000002" + "0000000000000001"
            + "0000" + "0000000000000006" + "0000000000000001" + "0000000000000009" + "000000000000000a",
            Convert.ToHexStringLower(_files.ReadAllBytes(Index)));
        var again = Open();
        Assert.Equal([new(5, 0, 2, 1), new(6, 1, 9, 10)], again.Entries());
        Assert.True(again.IsSound(2));
        Assert.False(again.IsSound(3));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    public void AnIndexOfAnotherVersionOrACutOneIsNotSound(byte version, int cut)
    {
        var bytes = new byte[34 - cut];
        bytes[1] = version;
        _files.WriteAtomically(Index, bytes);
        Assert.False(Open().IsSound(0));
    }

    [Fact]
    public void AnIndexThatChangesUnderneathFailsItsReaderAsTheDiskDoes()
    {
        var bytes = new byte[34];
        bytes[1] = 1;
        _files.WriteAtomically(Index, bytes);
        Assert.Contains(Index, Assert.Throws<KafkaStorageException>(() => Open().Entries()).Message, StringComparison.Ordinal);
    }

    private TransactionIndex Open() => new(new SegmentPlace(_files, "/data", 0));

    private List<ProducerEntry>? Read(byte[] bytes)
    {
        _files.WriteAtomically(Snapshot, bytes);
        return ProducerSnapshotFile.TryRead(_files, Snapshot);
    }

    private static void FixCrc(byte[] bytes) => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2), Crc32C.Compute(bytes.AsSpan(6)));
}
