using System.Buffers;
using System.Collections.Concurrent;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Replacement;

/// <summary>Threads read a log from a real disk, and look for times in it, while all of its segments are replaced again and again.</summary>
public sealed class ReadersBesideTests
{
    private const int Segments = 6;
    private const int BatchesOfASegment = 20;
    private const int Readers = 3;
    private const int Swaps = 150;

    /// <summary>Every so many batches one is in every version of the log, so that a reader that misses it has been led past it.</summary>
    private const int KeptEvery = 4;

    [Fact]
    public async Task NoReaderMeetsAnErrorOrAByteThatNeverWas()
    {
        var root = Directory.CreateTempSubdirectory("kafkacompat-readers-").FullName;
        try
        {
            await Run(Path.Combine(root, "t-0"));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task Run(string folder)
    {
        var settings = LogSettings.Default with { IndexIntervalBytes = 200, IsCompacted = true, RetentionMs = -1, FileDeleteDelayMs = 0 };
        var environment = new LogEnvironment(new DiskFileStore(), TimeProvider.System, new Random(1));
        var versions = new ConcurrentDictionary<(long Offset, uint Crc), byte[]>();
        using (var log = PartitionLog.Open(environment, folder, new TopicPartition("t", 0), settings, new LogOpening(IsClean: false)))
        {
            for (var segment = 0; segment < Segments; segment++)
            {
                for (var i = 0; i < BatchesOfASegment; i++)
                    log.Append(Made(versions, log.LogEndOffset, version: 0));
                log.Roll();
            }
            log.Append(Made(versions, log.LogEndOffset, version: 0));
            log.Close();
        }
        // Opened again, so that no file is open until a reader needs it.
        using var read = PartitionLog.Open(environment, folder, new TopicPartition("t", 0), settings, new LogOpening(IsClean: true));
        using var done = new CancellationTokenSource();
        long reads = 0;
        Task[] readers = [.. Enumerable.Range(0, Readers).Select(reader => Task.Factory.StartNew(
            () => Interlocked.Add(ref reads, Read(read, versions, new Random(reader), done.Token)), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default))];
        try
        {
            var random = new Random(1);
            for (var version = 1; version <= Swaps && !readers.Any(static reader => reader.IsFaulted); version++)
                Swap(read, versions, random, version);
        }
        finally
        {
            await done.CancelAsync();
            await Task.WhenAll(readers);
        }
        Assert.False(environment.Health.IsFailed);
        Assert.True(reads > Swaps, $"{reads} reads beside {Swaps} swaps show little.");
    }

    private static void Swap(PartitionLog log, ConcurrentDictionary<(long Offset, uint Crc), byte[]> versions, Random random, int version)
    {
        var all = log.SealedSegments;
        var old = all.Slice(random.Next(Segments - 1), 2);
        LogSegment[] replacing = [.. old.Segments.Select(segment =>
        {
            var beside = log.CreateBeside(segment.BaseOffset);
            for (var offset = segment.BaseOffset; offset < segment.BaseOffset + BatchesOfASegment; offset++)
            {
                if (offset % KeptEvery == 0 || random.Next(2) == 0)
                    beside.Append(BatchRun.Read(new ReadOnlySequence<byte>(Made(versions, offset, version))), 200);
            }
            return beside;
        })];
        Assert.True(log.ReplaceSegments(old, replacing));
        log.DeleteDue(long.MaxValue - 1);
    }

    private static long Read(PartitionLog log, ConcurrentDictionary<(long Offset, uint Crc), byte[]> versions, Random random, CancellationToken done)
    {
        var aborted = new List<AbortedTransaction>();
        long reads = 0;
        for (; !done.IsCancellationRequested; reads++)
        {
            var from = random.NextInt64(log.LogEndOffset);
            var read = log.Read(from, 2_000, long.MaxValue, minOneBatch: true);
            using var region = read.Region!;
            var bytes = region.ToArray();
            var first = Batches.Header(bytes);
            Assert.InRange(first.BaseOffset, from, from + (KeptEvery - from % KeptEvery) % KeptEvery);
            foreach (var batch in RecordBatchEnumerator.Over(bytes))
                Assert.True(batch.Bytes.ToArray().AsSpan().SequenceEqual(versions[(batch.Header.BaseOffset, batch.Header.Crc)]));
            log.CollectAbortedTransactions(from, read, aborted);
            Assert.Empty(aborted);
            if (random.Next(8) == 0)
                Assert.NotNull(log.FindByTimestamp(Batches.StartMs + random.NextInt64(log.LogEndOffset - KeptEvery)));
        }
        return reads;
    }

    private static byte[] Made(ConcurrentDictionary<(long Offset, uint Crc), byte[]> versions, long offset, int version)
    {
        var batch = Batches.Plain(offset, 1, 20 + (int)((offset * 7 + version) % 90), Batches.StartMs + offset);
        versions[(offset, Batches.Header(batch).Crc)] = batch;
        return batch;
    }
}
