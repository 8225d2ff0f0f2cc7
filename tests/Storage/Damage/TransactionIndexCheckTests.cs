using System.Buffers.Binary;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>What a start asks of a log to believe its transaction indexes.</summary>
public sealed class TransactionIndexCheckTests
{
    private const string Folder = "/data/t-0";
    private const int Producers = 20;

    private static readonly LogSettings Settings = LogSettings.Default with { IndexIntervalBytes = 4096 };

    private readonly FixedClock _clock = new(Batches.StartMs + 60_000);
    private readonly CountedFileStore _files;
    private readonly LogEnvironment _environment;

    public TransactionIndexCheckTests()
    {
        _files = new CountedFileStore(new ForgetfulFileStore(_clock));
        _files.CreateFolder(Folder);
        _environment = new LogEnvironment(_files, _clock, new Random(1));
    }

    /// <summary>
    /// Twenty producers whose transactions lie across one another: each byte of the log is read about once, whatever the number of transactions.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AStartReadsTheLogOnce(bool clean)
    {
        var log = Open(clean: true);
        Fill(log, rounds: 40, transactions: 40);
        log.Roll();
        (var end, var size) = (log.LogEndOffset, log.SizeInBytes);
        log.Close();
        var index = $"{Folder}/{0:D20}.txnindex";
        var sound = _files.ReadAllBytes(index);
        Assert.Equal(Producers * 40, sound.Length / 34);
        _files.Forget();
        Open(clean, recoveryPoint: end).Dispose();
        Assert.InRange(_files.ReadBytes, size / 2, size * 5 / 4 + sound.Length + 64 * 1024);
        Assert.Equal(0, _environment.Recovery.Repairs);
        Assert.Equal(sound, _files.ReadAllBytes(index));
    }

    /// <summary>Of a log with one short aborted transaction at each end, what is between them is not looked at.</summary>
    [Fact]
    public void WhatNoTransactionCoversIsNotRead()
    {
        var log = Open(clean: true);
        Fill(log, rounds: 1, transactions: 1);
        for (var i = 0; i < 400; i++)
            _ = log.Append(Batches.Plain(log.LogEndOffset, records: 4, valueBytes: 5_000));
        log.Roll();
        for (var i = 0; i < 400; i++)
            _ = log.Append(Batches.Plain(log.LogEndOffset, records: 4, valueBytes: 5_000));
        Fill(log, rounds: 1, transactions: 1, sequence: 2);
        log.Roll();
        var end = log.LogEndOffset;
        log.Close();
        _files.Forget();
        Open(clean: true, recoveryPoint: end).Dispose();
        Assert.InRange(_files.Reads, 1, 100);
        Assert.Equal(0, _environment.Recovery.Repairs);
    }

    /// <summary>
    /// A transaction that another one's marker cuts, one whose records are another's, one that ends with no marker or with that of a commit, one whose first
    /// batch is a later one.
    /// </summary>
    [Theory]
    [InlineData(2, 9, 0)]
    [InlineData(2, 9, 3)]
    [InlineData(10, 18, 8)]
    [InlineData(10, 18, 9)]
    [InlineData(10, 18, 10)]
    [InlineData(10, 18, 12)]
    public void AnEntryThatIsNotTrueIsFound(long first, long last, long lie)
    {
        var log = Open(clean: true);
        foreach (var producer in (long[])[1, 2, 3])
            _ = log.Append(Batches.Produced(log.LogEndOffset, producer, 0, 0, transactional: true));
        _ = log.Append(Batches.Produced(log.LogEndOffset, 3, 0, 1, transactional: true));
        for (var i = 0; i < 4; i++)
            _ = log.Append(Batches.Plain(log.LogEndOffset));
        _ = log.Append(Batches.Marker(log.LogEndOffset, 1, 0, commit: true));
        _ = log.Append(Batches.Marker(log.LogEndOffset, 3, 0, commit: false));
        _ = log.Append(Batches.Produced(log.LogEndOffset, 1, 0, 1, transactional: true));
        _ = log.Append(Batches.Produced(log.LogEndOffset, 3, 0, 2, transactional: true));
        _ = log.Append(Batches.Produced(log.LogEndOffset, 1, 0, 2, transactional: true));
        for (var i = 0; i < 5; i++)
            _ = log.Append(Batches.Plain(log.LogEndOffset));
        _ = log.Append(Batches.Marker(log.LogEndOffset, 1, 0, commit: false));
        _ = log.Append(Batches.Marker(log.LogEndOffset, 2, 0, commit: false));
        log.Roll();
        var end = log.LogEndOffset;
        log.Close();
        var path = $"{Folder}/{0:D20}.txnindex";
        var sound = _files.ReadAllBytes(path);
        byte[] damaged = [.. sound];
        var entry = 0;
        while (BinaryPrimitives.ReadInt64BigEndian(damaged.AsSpan(entry + 18)) != last)
            entry += 34;
        Assert.Equal(first, BinaryPrimitives.ReadInt64BigEndian(damaged.AsSpan(entry + 10)));
        BinaryPrimitives.WriteInt64BigEndian(damaged.AsSpan(entry + 10), lie);
        _files.WriteAtomically(path, damaged);
        Open(clean: true, recoveryPoint: end).Dispose();
        Assert.Equal(lie == first ? 0 : 1, _environment.Recovery.CountOf(RepairAct.IndexRebuilt));
        Assert.Equal(sound, _files.ReadAllBytes(path));
    }

    /// <summary>Where the first batch of a transaction cannot be read, what is before it is walked over, once.</summary>
    [Fact]
    public void DamageWhereATransactionBeginsEndsTheCheck()
    {
        var log = Open(clean: true);
        for (var i = 0; i < 40; i++)
            _ = log.Append(Batches.Plain(log.LogEndOffset, records: 4, valueBytes: 5_000));
        var begins = log.SizeInBytes;
        _ = log.Append(Batches.Produced(log.LogEndOffset, 1, 0, 0, transactional: true));
        for (var i = 0; i < 40; i++)
            _ = log.Append(Batches.Plain(log.LogEndOffset, records: 4, valueBytes: 5_000));
        _ = log.Append(Batches.Marker(log.LogEndOffset, 1, 0, commit: false));
        log.Roll();
        (var end, var size) = (log.LogEndOffset, log.SizeInBytes);
        log.Close();
        using (var file = _files.Open($"{Folder}/{0:D20}.log", FileOpening.ReadWrite))
            file.Write(begins + 16, [0x42]);
        _files.Forget();
        Open(clean: true, recoveryPoint: end).Dispose();
        Assert.InRange(_files.ReadBytes, 0, 2 * size);
        Assert.Equal(34, _files.ReadAllBytes($"{Folder}/{0:D20}.txnindex").Length);
    }

    private static void Fill(PartitionLog log, int rounds, int transactions, int sequence = 0)
    {
        for (var i = 0; i < transactions; i++)
        {
            for (var round = 0; round < rounds; round++)
            {
                for (var producer = 0; producer < Producers; producer++)
                    _ = log.Append(Batches.Produced(log.LogEndOffset, 100 + producer, 0, sequence + i * rounds + round, transactional: true));
            }
            for (var producer = 0; producer < Producers; producer++)
                _ = log.Append(Batches.Marker(log.LogEndOffset, 100 + producer, 0, commit: false));
        }
    }

    private PartitionLog Open(bool clean, long recoveryPoint = 0) =>
        PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), Settings, new LogOpening(clean, recoveryPoint));
}
