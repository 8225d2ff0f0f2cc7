using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>A producer that asks again, after a restart, for a batch that was in flight with later ones.</summary>
public sealed class OlderBatchesTests
{
    private static readonly TopicPartition Key = new("t", 0);

    private readonly HookedFileStore _files = new(new ForgetfulFileStore(TimeProvider.System));

    /// <summary>The log is read to know the batch again. Others write meanwhile, and the partition answers.</summary>
    [Fact]
    public async Task Reading_the_log_for_them_holds_up_nobody_else()
    {
        Fill();
        using var directory = Open();
        var partition = Lead(directory);
        var others = 0;
        Task? other = null;
        _files.Before = (operation, path) =>
        {
            if (operation != nameof(IFileStore.Open) || !path.EndsWith("00000.log", StringComparison.Ordinal) || Interlocked.Exchange(ref others, 1) > 0)
                return;
            other = Task.Run(() => Assert.Equal(5, Append(partition, producerId: 9, sequence: 0).BaseOffset), TestContext.Current.CancellationToken);
            Assert.True(other.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        };
        Assert.Equal(1, Append(partition, producerId: 7, sequence: 1).BaseOffset);
        Assert.NotNull(other);
        await other;
        Assert.Equal(3, Append(partition, producerId: 7, sequence: 3).BaseOffset);
        Assert.Equal(6, Append(partition, producerId: 7, sequence: 5).BaseOffset);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(partition, producerId: 7, sequence: 9).Error);
    }

    /// <summary>What the producer has written since it came back is newer than what is read, and no batch is known twice.</summary>
    [Fact]
    public void What_came_meanwhile_stays_the_newest()
    {
        Fill();
        using var directory = Open();
        var partition = Lead(directory);
        var hooked = false;
        _files.Before = (operation, path) =>
        {
            if (operation != nameof(IFileStore.Open) || !path.EndsWith("00000.log", StringComparison.Ordinal) || hooked) return;
            hooked = true;
            Assert.Equal(5, Append(partition, producerId: 7, sequence: 5).BaseOffset);
            Assert.Equal(6, Append(partition, producerId: 7, sequence: 6).BaseOffset);
        };
        // Five batches are known: 2 to 6.
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(partition, producerId: 7, sequence: 1).Error);
        Assert.True(hooked);
        foreach (var sequence in (int[])[2, 3, 4, 5, 6]) Assert.Equal(sequence, Append(partition, producerId: 7, sequence).BaseOffset);
        Assert.Equal(7, Append(partition, producerId: 7, sequence: 7).BaseOffset);
    }

    [Fact]
    public void A_log_that_is_deleted_meanwhile_is_led_by_nobody()
    {
        Fill();
        using var directory = Open();
        var partition = Lead(directory);
        _files.Before = (operation, path) =>
        {
            if (operation != nameof(IFileStore.Open) || !path.EndsWith("00000.log", StringComparison.Ordinal)) return;
            _files.Before = null;
            partition.Close();
            directory.Delete(Key);
            throw new FileNotFoundException("gone", path);
        };
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Append(partition, producerId: 7, sequence: 1).Error);
        Assert.False(directory.Health.IsFailed);
    }

    /// <summary>Five batches of producer 7 in a segment that is sealed.</summary>
    private void Fill()
    {
        using var directory = Open();
        directory.Create(Key, new Uuid(7, 9), LogSettings.Default);
        var partition = Lead(directory);
        for (var i = 0; i < 5; i++) Assert.Equal(i, Append(partition, producerId: 7, sequence: i).BaseOffset);
        directory.Find(Key)!.Roll();
        directory.CloseCleanly(1, new Dictionary<TopicPartition, long> { [Key] = 5 }).GetAwaiter().GetResult();
    }

    private static PartitionAppend Append(Partition partition, long producerId, int sequence) =>
        partition.Append(RecordBytes.From(Records.Batch(producerId: producerId, epoch: 0, sequence: sequence).AsMemory()), 1, 12);

    private static Partition Lead(LogDirectory directory)
    {
        var partition = new Partition(new Uuid(7, 9), directory.Find(Key)!, TopicConfig.Create(TestNode.ConfigOf(), new Dictionary<string, string>()), 0,
            new LogSyncer(), TimeProvider.System);
        partition.Lead(3);
        return partition;
    }

    private LogDirectory Open()
    {
        var directory = LogDirectory.Open(new LogEnvironment(_files, TimeProvider.System, new Random(1)) { ProducerIdExpirationMs = long.MaxValue }, "/data");
        directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default).GetAwaiter().GetResult();
        return directory;
    }
}
