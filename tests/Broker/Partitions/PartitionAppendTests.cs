using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>What one writer of a partition does to others, and what its readers are told.</summary>
public sealed class PartitionAppendTests : IDisposable
{
    private readonly LogDirectory _directory;

    public PartitionAppendTests()
    {
        _directory = LogDirectory.Open(new LogEnvironment(new ForgetfulFileStore(TimeProvider.System), TimeProvider.System, new Random(1)), "/data");
        _directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default).GetAwaiter().GetResult();
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_batch_that_takes_long_to_check_holds_up_nobody_elses()
    {
        var partition = Lead();
        using var slow = new SlowMemory(Records.Batch(3));
        var first = Task.Run(() => partition.Append(RecordBytes.From(slow.Memory), 1, 12), TestContext.Current.CancellationToken);
        await slow.IsRead.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, partition.Append(RecordBytes.From(Records.Batch(2).AsMemory()), 1, 12).BaseOffset);
        slow.GoOn();
        Assert.Equal(2, (await first).BaseOffset);
    }

    [Fact]
    public void Records_of_a_batch_that_is_made_anew_keep_their_own_times_behind_that_of_the_broker()
    {
        var time = new FakeClock();
        var partition = Lead(time, ("message.timestamp.type", "LogAppendTime"), ("compression.type", "gzip"));
        Assert.Equal(time.NowMs, partition.Append(RecordBytes.From(Records.Batch(3).AsMemory()), 1, 12).LogAppendTimeMs);
        using var region = partition.Read(0, 10_000, true, false, -1, -1).Region;
        Assert.True(RecordBatchHeader.TryRead(region!.ToArray(), out var header));
        Assert.Equal((CompressionType.Gzip, TimestampType.LogAppendTime), (header.Codec, header.TimestampType));
        Assert.Equal((Records.StartMs, time.NowMs), (header.BaseTimestamp, header.MaxTimestamp));
    }

    /// <summary>As Kafka's builder of batches refuses them.</summary>
    [Theory]
    [InlineData("gzip", ErrorCode.UnknownServerError)]
    [InlineData("producer", ErrorCode.None)]
    public void A_time_before_none_is_refused_where_its_batch_is_made_anew(string codec, ErrorCode error) => RefuseAnew(codec, error, timestamp: -2, epoch: 0);

    /// <inheritdoc cref="A_time_before_none_is_refused_where_its_batch_is_made_anew"/>
    [Theory]
    [InlineData("gzip", ErrorCode.UnknownServerError)]
    [InlineData("producer", ErrorCode.None)]
    public void A_producer_without_an_epoch_is_refused_where_its_batch_is_made_anew(string codec, ErrorCode error) =>
        RefuseAnew(codec, error, timestamp: 0, epoch: -1);

    private void RefuseAnew(string codec, ErrorCode error, long timestamp, short epoch)
    {
        var batch = Records.Batch(timestamp: timestamp, producerId: epoch < 0 ? 1000 : -1, epoch: epoch < 0 ? epoch : (short)-1, sequence: epoch < 0 ? 0 : -1);
        var partition = Lead(new FakeClock(), ("message.timestamp.type", "LogAppendTime"), ("compression.type", codec));
        Assert.Equal(error, partition.Append(RecordBytes.From(batch.AsMemory()), 1, 12).Error);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Times_that_the_broker_gives_do_not_go_back(int epochOfSlow)
    {
        var time = new FakeClock();
        var partition = Lead(time, ("message.timestamp.type", "LogAppendTime"));
        using var slow = new SlowMemory(Records.Batch());
        var first = Task.Run(() => partition.Append(RecordBytes.From(slow.Memory), 1, 12), TestContext.Current.CancellationToken);
        await slow.IsRead.WaitAsync(TestContext.Current.CancellationToken);
        time.NowMs += 5000;
        Assert.Equal(time.NowMs, partition.Append(RecordBytes.From(Records.Batch().AsMemory()), 1, 12).LogAppendTimeMs);
        partition.Lead(epochOfSlow);
        slow.GoOn();
        Assert.Equal(time.NowMs, (await first).LogAppendTimeMs);
        using var region = partition.Read(0, 10_000, true, false, -1, -1).Region;
        foreach (var batch in RecordBatchEnumerator.Over(region!.ToArray().AsMemory()))
        {
            Assert.Equal(time.NowMs, batch.Header.MaxTimestamp);
            Assert.Equal(Protocol.Checksums.Crc32C.Compute(batch.Bytes.Slice(RecordBatchHeader.AttributesPosition)), batch.Header.Crc);
        }
    }

    [Fact]
    public async Task Committed_readers_wait_for_bytes_and_the_end_of_a_transaction_counts_all_of_its_own()
    {
        var partition = Lead();
        using var wheel = new TimerWheel(TimeProvider.System);
        var transaction = Transactional(0, isControl: false);
        var seen = partition.Read(0, 1000, false, committedOnly: true, -1, -1);
        var wait = new FetchWait(wheel, 1, transaction.Length + 50, committedOnly: true);
        wait.Register(seen);
        var woken = wait.Wait(60_000, TestContext.Current.CancellationToken);
        _ = partition.AppendAsLeader(new ReadOnlySequence<byte>(transaction), 3);
        Assert.False(woken.IsCompleted);
        // The marker is larger than 50 bytes: with what it decides it is what was waited for.
        _ = partition.AppendAsLeader(new ReadOnlySequence<byte>(Transactional(1, isControl: true)), 3);
        await woken.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.Equal(2, partition.FindOffset(-1, committedOnly: true, -1).Offset);
    }

    [Fact]
    public void A_search_by_time_tells_of_a_batch_that_cannot_be_read()
    {
        var partition = Lead();
        var damaged = CompressedZeros.Batch(Records.StartMs, 100, 100);
        damaged[RecordBatchHeader.Size] ^= 0xff;
        BinaryPrimitives.WriteInt32BigEndian(damaged.AsSpan(12), 3);
        // Its codec cannot read it, and its checksum is right.
        RecordBatchPatch.SetCrc(damaged);
        _ = _directory.Find(new TopicPartition("t", 0))!.Append(new ReadOnlySequence<byte>(damaged));
        partition.Lead(4);
        Assert.Equal(ErrorCode.UnknownServerError, partition.FindOffset(Records.StartMs, committedOnly: false, -1).Error);
    }

    [Fact]
    public void A_reader_that_a_deletion_overtakes_is_told_that_this_is_not_the_leader()
    {
        var partition = Lead();
        _ = partition.Append(RecordBytes.From(Records.Batch().AsMemory()), 1, 12);
        // The log goes first here, as where a fetch has looked the partition up before it was closed.
        _directory.Delete(new TopicPartition("t", 0));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, partition.Read(0, 1000, true, false, -1, -1).Error);
        Assert.False(_directory.Health.IsFailed);
    }

    [Fact]
    public void Who_is_refused_for_the_records_or_the_sequence_is_told_where_the_log_starts()
    {
        var partition = Lead(null, ("max.message.bytes", "300"), ("message.timestamp.before.max.ms", "1000"));
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        _ = Append(Records.Batch(4, timestamp: now, producerId: 1, epoch: 0, sequence: 0));
        Assert.Equal((ErrorCode.None, 2L), partition.DeleteRecordsBefore(2));
        Assert.Equal((ErrorCode.InvalidTimestamp, 2L), Append(Records.Batch(timestamp: 0)));
        Assert.Equal((ErrorCode.OutOfOrderSequenceNumber, 2L), Append(Records.Batch(timestamp: now, producerId: 1, epoch: 0, sequence: 9)));
        Assert.Equal((ErrorCode.MessageTooLarge, -1L), Append(Records.Batch(valueBytes: 400, timestamp: now)));
        var damaged = Records.Batch(timestamp: now);
        damaged[^1] ^= 1;
        Assert.Equal((ErrorCode.CorruptMessage, -1L), Append(damaged));
        Assert.Equal((ErrorCode.InvalidRecord, -1L), Append([]));

        (ErrorCode, long) Append(byte[] batch)
        {
            var appended = partition.Append(RecordBytes.From(batch.AsMemory()), -1, 12);
            return (appended.Error, appended.LogStartOffset);
        }
    }

    /// <summary>A setting that changes counts from the next batch on; one that has the codec already is not compressed again, whatever its level.</summary>
    [Theory]
    [InlineData("gzip", "compression.gzip.level", "1", "9")]
    [InlineData("lz4", "compression.lz4.level", "1", "17")]
    [InlineData("zstd", "compression.zstd.level", "-5", "19")]
    public void Batches_get_the_codec_and_level_that_their_topic_has_now(string codec, string setting, string quick, string small)
    {
        var partition = Lead();
        var batch = Words();
        var asIs = Stored(batch);
        partition.ApplyConfig(Config(("compression.type", codec), (setting, quick)));
        var quickly = Stored(batch);
        partition.ApplyConfig(Config(("compression.type", codec), (setting, small)));
        var thoroughly = Stored(batch);
        Assert.Equal((CompressionType.None, batch.Length), (asIs.Header.Codec, asIs.Bytes.Length));
        Assert.Equal(codec, quickly.Header.Codec.ToString(), ignoreCase: true);
        Assert.Equal(quickly.Header.Codec, thoroughly.Header.Codec);
        Assert.True(thoroughly.Bytes.Length < quickly.Bytes.Length && quickly.Bytes.Length < batch.Length,
            $"{batch.Length} bytes, {quickly.Bytes.Length} quickly, {thoroughly.Bytes.Length} thoroughly");
        Assert.Equal(quickly.Bytes.Length, Stored(quickly.Bytes).Bytes.Length);

        (RecordBatchHeader Header, byte[] Bytes) Stored(byte[] batch)
        {
            BinaryPrimitives.WriteInt64BigEndian(batch, 0);
            var appended = partition.Append(RecordBytes.From(batch.ToArray().AsMemory()), 1, 12);
            Assert.Equal(ErrorCode.None, appended.Error);
            using var region = partition.Read(appended.BaseOffset, 1 << 20, true, false, -1, -1).Region;
            var bytes = region!.ToArray();
            Assert.True(RecordBatchHeader.TryRead(bytes, out var header));
            return (header, bytes);
        }

        static byte[] Words()
        {
            var random = new Random(1);
            var words = Enumerable.Range(0, 200).Select(_ => random.Next().ToString(System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            using var builder = new RecordBatchBuilder();
            for (var i = 0; i < 20; i++)
            {
                builder.Append(Records.StartMs, default,
                    System.Text.Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(0, 200).Select(_ => words[random.Next(words.Length)]))));
            }

            return builder.ToArray();
        }
    }

    private static TopicConfig Config(params (string Name, string Value)[] configs) =>
        TopicConfig.Create(TestNode.ConfigOf(), configs.ToDictionary(static c => c.Name, static c => c.Value));

    private Partition Lead(TimeProvider? time = null, params (string Name, string Value)[] configs)
    {
        var log = _directory.Create(new TopicPartition("t", 0), new Uuid(7, 9), LogSettings.Default);
        var config = Config(configs);
        var partition = new Partition(new Uuid(7, 9), log, config, 0, new LogSyncer(), time ?? TimeProvider.System);
        partition.Lead(3);
        return partition;
    }

    /// <summary>A batch of producer 5's transaction, or the marker that commits it.</summary>
    private static byte[] Transactional(long offset, bool isControl)
    {
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = offset,
            ProducerId = 5,
            ProducerEpoch = 0,
            BaseSequence = isControl ? -1 : 0,
            IsTransactional = true,
            IsControl = isControl,
        };
        builder.Append(Records.StartMs, (byte[])[0, 0, 0, 1], isControl ? [0, 0, 0, 0, 0, 0] : new byte[500]);
        return builder.ToArray();
    }

    private sealed class FakeClock : TimeProvider
    {
        public long NowMs { get; set; } = Records.StartMs;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
    }

    /// <summary>Bytes whose first reader waits until it may go on, as one does that decompresses for long.</summary>
    private sealed class SlowMemory(byte[] bytes) : MemoryManager<byte>
    {
        private readonly ManualResetEventSlim _mayGoOn = new();

        public SemaphoreSlim IsRead { get; } = new(0);

        /// <summary>Of a length that is known: to be asked for it is not to be read.</summary>
        public override Memory<byte> Memory => CreateMemory(bytes.Length);

        public void GoOn() => _mayGoOn.Set();

        public override Span<byte> GetSpan()
        {
            if (!_mayGoOn.IsSet)
            {
                _ = IsRead.Release();
                _mayGoOn.Wait();
            }
            return bytes;
        }

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin() => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _mayGoOn.Dispose();
            IsRead.Dispose();
        }
    }
}
