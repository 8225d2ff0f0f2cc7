using System.Buffers;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>How far a committed reader sees in a log that holds transactions which Kafka left there.</summary>
public sealed class LastStableOffsetTests
{
    [Fact]
    public void Decided_transactions_that_recovery_reads_hold_no_reader_back()
    {
        var files = new ForgetfulFileStore(TimeProvider.System);
        var key = new TopicPartition("t", 0);
        using (var directory = Open(files))
        {
            var log = directory.Create(key, new Uuid(7, 9), LogSettings.Default);
            _ = log.Append(Batch(0, isControl: false));
            _ = log.Append(Batch(1, isControl: true));
        }
        using var again = Open(files);
        var recovered = again.Find(key)!;
        // The checkpoint said that all of it is replicated, so nothing is left to advance.
        var partition = new Partition(new Uuid(7, 9), recovered, TopicConfig.Create(TestNode.ConfigOf(), new Dictionary<string, string>()), 2, new LogSyncer(),
            TimeProvider.System);
        partition.Lead(3);
        Assert.Equal(2, partition.HighWatermark);
        Assert.Equal(2, partition.FindOffset(-1, committedOnly: true, -1).Offset);
    }

    /// <summary>Without the aborted transactions nobody may have the records: their consumer would take them for committed.</summary>
    [Fact]
    public async Task An_index_of_aborted_transactions_that_cannot_be_read_is_a_fault_of_the_disk()
    {
        var files = new HookedFileStore(new ForgetfulFileStore(TimeProvider.System));
        var key = new TopicPartition("t", 0);
        using (var directory = Open(files))
        {
            var log = directory.Create(key, new Uuid(7, 9), LogSettings.Default);
            _ = log.Append(Batch(0, isControl: false));
            _ = log.Append(Batch(1, isControl: true, commits: false));
        }
        // The first start after a kill writes the index, the second one trusts it.
        using (var recovering = Open(files)) await recovering.CloseCleanly(1, new Dictionary<TopicPartition, long> { [key] = 2 });
        using var again = Open(files);
        var partition = new Partition(new Uuid(7, 9), again.Find(key)!, TopicConfig.Create(TestNode.ConfigOf(), new Dictionary<string, string>()), 2,
            new LogSyncer(), TimeProvider.System);
        partition.Lead(3);
        files.Before = static (_, path) =>
        {
            if (path.EndsWith(".txnindex", StringComparison.Ordinal)) throw new IOException("Input/output error");
        };
        var read = partition.Read(0, 1_000, minOneBatch: true, committedOnly: true, -1, -1);
        Assert.Equal((ErrorCode.KafkaStorageError, null), (read.Error, read.Region));
        Assert.True(again.Health.IsFailed);
    }

    /// <summary>DeleteRecords has taken the first records of an open transaction: what is left of it begins with the log.</summary>
    [Fact]
    public void The_last_stable_offset_is_never_before_the_log_start()
    {
        using var directory = Open(new ForgetfulFileStore(TimeProvider.System));
        var log = directory.Create(new TopicPartition("t", 0), new Uuid(7, 9), LogSettings.Default);
        for (var i = 0; i < 5; i++) _ = log.Append(Batch(i, isControl: false));
        var partition = new Partition(new Uuid(7, 9), log, TopicConfig.Create(TestNode.ConfigOf(), new Dictionary<string, string>()), 5, new LogSyncer(),
            TimeProvider.System);
        partition.Lead(3);
        Assert.Equal(0, partition.FindOffset(-1, committedOnly: true, -1).Offset);
        Assert.Equal(3, partition.DeleteRecordsBefore(3).LowWatermark);
        Assert.Equal(3, partition.FindOffset(-1, committedOnly: true, -1).Offset);
        var read = partition.Read(3, 1_000, minOneBatch: true, committedOnly: true, -1, -1);
        Assert.Equal((ErrorCode.None, 3L, 3L, null), (read.Error, read.LogStartOffset, read.LastStableOffset, read.Region));
        Assert.Equal(5, partition.DeleteRecordsBefore(-1).LowWatermark);
        Assert.Equal(5, partition.FindOffset(-1, committedOnly: true, -1).Offset);
    }

    private static LogDirectory Open(IFileStore files)
    {
        var directory = LogDirectory.Open(new LogEnvironment(files, TimeProvider.System, new Random(1)), "/data");
        directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default).GetAwaiter().GetResult();
        return directory;
    }

    /// <summary>A batch of producer 5's transaction, or the marker that commits or aborts it.</summary>
    private static ReadOnlySequence<byte> Batch(long offset, bool isControl, bool commits = true)
    {
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = offset,
            PartitionLeaderEpoch = 0,
            ProducerId = 5,
            ProducerEpoch = 0,
            BaseSequence = isControl ? -1 : 0,
            IsTransactional = true,
            IsControl = isControl,
        };
        builder.Append(Records.StartMs, (byte[])[0, 0, 0, (byte)(commits ? 1 : 0)], (byte[])[0, 0, 0, 0, 0, 0]);
        return new ReadOnlySequence<byte>(builder.ToArray());
    }
}
