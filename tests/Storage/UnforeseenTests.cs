using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>What happens to a log while something else happens to it: it is read, synced and written while it is deleted, retained or out of luck.</summary>
public sealed class UnforeseenTests
{
    private static readonly TopicPartition s_key = new("t", 0);
    private static readonly Uuid s_topicId = new(7, 9);

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly HookedFileStore _files;
    private readonly LogDirectory _directory;

    public UnforeseenTests()
    {
        _files = new HookedFileStore(new ForgetfulFileStore(_clock));
        _directory = LogDirectory.Open(new LogEnvironment(_files, _clock, new Random(1)), "/data");
    }

    /// <summary>The records of an aborted transaction are in the region, so whoever has the region must be told.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AReadKnowsTheAbortedTransactionsOfItsSegmentsWhenRetentionHasTakenThem(bool isReopened)
    {
        var log = _directory.Create(s_key, s_topicId, LogSettings.Default with { RetentionMs = 1_000 });
        log.Append(Batches.Produced(0, 5, 0, 0, transactional: true));
        log.Append(Batches.Marker(1, 5, 0, commit: false));
        log.Roll();
        log.Append(Batches.Plain(2, timestamp: Batches.StartMs + 100_000));
        if (isReopened)
        {
            // Nothing of the index is in memory.
            log.Close();
            log = PartitionLog.Open(_directory.Environment, log.Folder, s_key, log.Settings, new LogOpening(IsClean: true));
        }
        var read = log.Read(0, 10_000, 3, minOneBatch: true);
        using var region = read.Region!;
        Assert.Equal(1, log.ApplyRetention(Batches.StartMs + 50_000, 3));
        var aborted = new List<AbortedTransaction>();
        log.CollectAbortedTransactions(0, read, aborted);
        Assert.Equal([new AbortedTransaction(5, 0, 1, 2)], aborted);
    }

    /// <summary>Where the index could not be read any more before its file went, nobody is told that nothing was aborted.</summary>
    [Fact]
    public void AReadWhoseAbortedTransactionsAreLostIsMadeAnew()
    {
        var log = _directory.Create(s_key, s_topicId, LogSettings.Default with { RetentionMs = 1_000 });
        log.Append(Batches.Produced(0, 5, 0, 0, transactional: true));
        log.Append(Batches.Marker(1, 5, 0, commit: false));
        log.Roll();
        log.Append(Batches.Plain(2, timestamp: Batches.StartMs + 100_000));
        log.Close();
        log = PartitionLog.Open(_directory.Environment, log.Folder, s_key, log.Settings, new LogOpening(IsClean: true));
        var read = log.Read(0, 10_000, 3, minOneBatch: true);
        using var region = read.Region!;
        _files.Before = static (operation, path) =>
        {
            if (operation == nameof(IFileStore.Open) && path.EndsWith(".txnindex", StringComparison.Ordinal))
                throw HookedFileStore.TooManyOpenFiles();
        };
        Assert.Equal(1, log.ApplyRetention(Batches.StartMs + 50_000, 3));
        _files.Before = null;
        _ = Assert.Throws<KafkaStorageException>(() => log.CollectAbortedTransactions(0, read, []));
        Assert.False(_directory.Health.IsFailed);
    }

    /// <summary>A reader beside retention gets what it asked for, or hears that it is gone; never something later.</summary>
    [Fact]
    public async Task AReadBesideRetentionIsNeverServedFromALaterOffset()
    {
        const int Rounds = 2_000;
        var log = _directory.Create(s_key, s_topicId, LogSettings.Default with { RetentionBytes = 0, FileDeleteDelayMs = 0 });
        var isDone = false;
        var reader = Task.Run(() =>
        {
            while (!Volatile.Read(ref isDone))
            {
                var offset = log.LogStartOffset;
                var read = log.Read(offset, 1_000, long.MaxValue, minOneBatch: true);
                using var region = read.Region;
                if (region is not null && Batches.Header(region.ToArray()).BaseOffset is var first && first != offset)
                    return first;
            }
            return -1;
        }, TestContext.Current.CancellationToken);
        for (var i = 0; i < Rounds; i++)
        {
            log.Append(Batches.Plain(i));
            log.Roll();
            _ = log.ApplyRetention(_clock.NowMs, i + 1);
            log.DeleteDue(_clock.NowMs);
        }
        Volatile.Write(ref isDone, true);
        Assert.Equal(-1, await reader);
    }

    /// <summary>Whatever it is that fails behind the write: the bytes are in the file, and the next append would have their offsets.</summary>
    [Fact]
    public void AnythingThatFailsBehindAWriteFailsTheDirectory()
    {
        var log = _directory.Create(s_key, s_topicId, LogSettings.Default);
        log.Append(Batches.Produced(0, 5, 0, 0, transactional: true));
        _files.Before = static (_, path) =>
        {
            if (path.EndsWith(".txnindex", StringComparison.Ordinal))
                throw new InvalidOperationException("nobody has thought of this");
        };
        _ = Assert.Throws<KafkaStorageException>(() => log.Append(Batches.Marker(1, 5, 0, commit: false)));
        _files.Before = null;
        Assert.Equal(1, log.LogEndOffset);
        _ = Assert.Throws<KafkaStorageException>(() => log.Append(Batches.Plain(1)));
    }

    /// <summary>Whatever it is that a roll fails with, no file stays that says that the old segment has ended.</summary>
    [Fact]
    public void ARollThatFailsAsNobodyForesawLeavesTheLogAsItWas()
    {
        var succeeded = false;
        for (var failing = 1; !succeeded; failing++)
        {
            var (key, asked) = (new TopicPartition("t", failing), 0);
            var log = _directory.Create(key, s_topicId, LogSettings.Default with { IndexIntervalBytes = 1 });
            for (var i = 0; i < 3; i++)
                log.Append(Batches.Produced(i, 7, 0, i, timestamp: Batches.StartMs + i));
            _files.Before = (_, _) =>
            {
                if (++asked == failing)
                    throw new InvalidOperationException("nobody has thought of this");
            };
            try
            {
                log.Roll();
                succeeded = true;
            }
            catch (InvalidOperationException)
            {
                // As asked for.
            }
            _files.Before = null;
            log.Append(Batches.Plain(3));
            var all = log.ReadAll(0);
            log.Close();
            var again = PartitionLog.Open(_directory.Environment, log.Folder, key, log.Settings, new LogOpening(IsClean: true));
            Assert.Equal(4, again.LogEndOffset);
            Assert.Equal(all, again.ReadAll(0));
        }
    }

    /// <summary>Segments are set aside from the log's start on, also where one could not be: one that stayed behind others would end the log there.</summary>
    [Fact]
    public void ASegmentThatCouldNotBeSetAsideIsTheFirstToGoNext()
    {
        var log = _directory.Create(s_key, s_topicId, LogSettings.Default with { RetentionBytes = 100 });
        for (var i = 0; i < 6; i++)
        {
            log.Append(Batches.Plain(i, valueBytes: 100));
            log.Roll();
        }
        var isFirst = true;
        _files.Before = (operation, path) =>
        {
            if (operation != nameof(IFileStore.Rename) || !path.Contains("/00000000000000000001.log", StringComparison.Ordinal) || !isFirst)
                return;
            isFirst = false;
            throw new InvalidOperationException("nobody has thought of this");
        };
        _ = Assert.Throws<InvalidOperationException>(() => log.ApplyRetention(_clock.NowMs, 3));
        log.Append(Batches.Plain(6, valueBytes: 100));
        _ = log.ApplyRetention(_clock.NowMs, 5);
        log.Dispose();
        var again = PartitionLog.Open(_directory.Environment, log.Folder, s_key, log.Settings, new LogOpening(IsClean: false));
        Assert.Equal((log.LogStartOffset, 7L), (again.LogStartOffset, again.LogEndOffset));
    }

    /// <summary>A sync was asked for, then the topic was deleted, its folder too, and then the sync runs.</summary>
    [Fact]
    public void ASyncOfALogWhoseFolderIsGoneIsNoFaultOfTheDisk()
    {
        var log = _directory.Create(s_key, s_topicId, LogSettings.Default with { FileDeleteDelayMs = 0 });
        log.Append(Batches.Plain(0));
        _directory.Delete(s_key);
        log.Sync();
        _directory.DeleteDue(_clock.NowMs);
        log.Sync();
        log.DeleteDue(_clock.NowMs);
        Assert.False(_directory.Health.IsFailed);
    }

    /// <summary>At whatever moment of a deletion the sync comes.</summary>
    [Fact]
    public void ASyncInTheMidstOfADeletionIsNoFaultOfTheDisk()
    {
        var log = _directory.Create(s_key, s_topicId, LogSettings.Default with { FileDeleteDelayMs = 0 });
        log.Append(Batches.Plain(0));
        _files.Before = (_, _) =>
        {
            var before = _files.Before;
            _files.Before = null;
            log.Sync();
            _files.Before = before;
        };
        _directory.Delete(s_key);
        _directory.DeleteDue(_clock.NowMs);
        _files.Before = null;
        Assert.False(_directory.Health.IsFailed);
    }

    [Fact]
    public void ABatchThatIsLargerThanWhatIsReservedAtOnceIsAppended()
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-large-").FullName;
        try
        {
            var environment = new LogEnvironment(new DiskFileStore(), _clock, new Random(1));
            using var log = PartitionLog.Open(environment, Path.Combine(folder, "t-0"), s_key, LogSettings.Default, new LogOpening(false));
            log.Append(Batches.Plain(0, valueBytes: 2 << 20));
            log.Append(Batches.Plain(1, valueBytes: 65 << 20));
            log.Append(Batches.Plain(2));
            Assert.Equal(3, log.LogEndOffset);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
