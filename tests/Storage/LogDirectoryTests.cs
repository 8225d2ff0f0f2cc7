using KafkaCompat.Protocol;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>A log directory from its first start to the next.</summary>
public sealed class LogDirectoryTests(ITestOutputHelper output) : IDisposable
{
    private static readonly Uuid s_topicId = new(7, 9);

    private readonly string _root = Directory.CreateTempSubdirectory("kafkacompat-dir-").FullName;
    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly DiskFileStore _files = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void CreatesClosesAndTrustsWhatItClosed()
    {
        var partition = new TopicPartition("orders.eu", 3);
        new MetaProperties("cluster-1", 4, new Uuid(1, 2)).Write(_files, _root, _clock.GetUtcNow());
        using (var directory = Open())
        {
            Assert.Equal(4, directory.Meta!.NodeId);
            Assert.False(directory.WasClosedCleanly);
            Load(directory);
            var log = directory.Create(partition, s_topicId, LogSettings.Default);
            log.Append(Batches.Plain(0, 10));
            Assert.True(log.AdvanceLogStart(4));
            Assert.Equal($"version: 0\ntopic_id: {s_topicId}", File.ReadAllText(Path.Combine(_root, "orders.eu-3", "partition.metadata")));
            Close(directory, 17, new Dictionary<TopicPartition, long> { [partition] = 10 });
        }
        Assert.Equal("{\"version\":0,\"brokerEpoch\":17}", File.ReadAllText(Path.Combine(_root, ".kafka_cleanshutdown")));
        Assert.Equal("0\n1\norders.eu 3 10\n", File.ReadAllText(Path.Combine(_root, OffsetCheckpoint.RecoveryPoints)));
        Assert.Equal("0\n1\norders.eu 3 4\n", File.ReadAllText(Path.Combine(_root, OffsetCheckpoint.LogStarts)));
        Assert.Equal("0\n0\n", File.ReadAllText(Path.Combine(_root, OffsetCheckpoint.Cleaner)));
        using (var again = Open())
        {
            Assert.True(again.WasClosedCleanly);
            Assert.Equal(17, again.BrokerEpochAtShutdown);
            Assert.Equal(10, again.ReadHighWatermarks()[partition]);
            Load(again);
            var log = again.Find(partition)!;
            Assert.Equal((4L, 10L, 10L), (log.LogStartOffset, log.LogEndOffset, log.RecoveryPoint));
            Assert.Equal(s_topicId, log.TopicId);
            Assert.False(File.Exists(Path.Combine(_root, ".kafka_cleanshutdown")));
        }
    }

    [Fact]
    public void IsTakenByOneAlone()
    {
        using var directory = Open();
        var refused = Assert.Throws<DirectoryInUseException>(Open);
        Assert.Contains(".lock", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DeletesAFolderAfterTheDelayAndSetsStraysAside()
    {
        using var directory = Open();
        Load(directory);
        var partition = new TopicPartition(new string('n', 249), 0);
        var log = directory.Create(partition, s_topicId, LogSettings.Default);
        var batch = Batches.Plain(0);
        log.Append(batch);
        using var region = log.Read(0, 1000, long.MaxValue, true).Region!;
        directory.Delete(partition);
        Assert.Null(directory.Find(partition));
        var deleted = Path.GetFileName(Assert.Single(Directory.GetDirectories(_root)));
        Assert.EndsWith("-delete", deleted, StringComparison.Ordinal);
        Assert.Equal(255, deleted.Length);
        directory.DeleteDue(_clock.NowMs + 59_999);
        Assert.Single(Directory.GetDirectories(_root));
        directory.DeleteDue(_clock.NowMs + 60_000);
        Assert.Empty(Directory.GetDirectories(_root));
        Assert.Equal(batch, region.ToArray());
        Assert.False(directory.Health.IsFailed);

        _ = directory.Create(new TopicPartition("gone", 1), s_topicId, LogSettings.Default);
        directory.Dispose();
        using var next = Open();
        Load(next, isKnown: false);
        Assert.Matches("gone-1\\.[0-9a-f]{32}-stray$", Assert.Single(next.Strays));
    }

    /// <summary>A topic's own delay is as long as its owner likes, and nobody else's disk waits for it.</summary>
    [Fact]
    public void AFolderWithALongDelayHoldsNoOtherBack()
    {
        using var directory = Open();
        Load(directory);
        var (never, soon) = (new TopicPartition("never", 0), new TopicPartition("soon", 0));
        _ = directory.Create(never, s_topicId, LogSettings.Default with { FileDeleteDelayMs = long.MaxValue });
        _ = directory.Create(soon, s_topicId, LogSettings.Default with { FileDeleteDelayMs = 1_000 });
        directory.Delete(never);
        directory.Delete(soon);
        directory.DeleteDue(_clock.NowMs + 1_000);
        Assert.StartsWith("never-0.", Path.GetFileName(Assert.Single(Directory.GetDirectories(_root))), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAnEarlierLifeDeletedGoesAfterTheDelayOfItsSettings()
    {
        var partition = new TopicPartition("t", 0);
        using (var directory = Open())
        {
            Load(directory);
            _ = directory.Create(partition, s_topicId, LogSettings.Default);
            directory.Delete(partition);
        }
        using var next = Open();
        Load(next, fileDeleteDelayMs: 5_000);
        next.DeleteDue(_clock.NowMs + 4_999);
        Assert.Single(Directory.GetDirectories(_root));
        next.DeleteDue(_clock.NowMs + 5_000);
        Assert.Empty(Directory.GetDirectories(_root));
    }

    [Theory]
    [InlineData("t-0", "t", 0, LogFolderKind.Log)]
    [InlineData("a-b-12", "a-b", 12, LogFolderKind.Log)]
    [InlineData("a.b-1.0123456789abcdef0123456789abcdef-delete", "a.b", 1, LogFolderKind.Deleted)]
    [InlineData("a-1.0123456789abcdef0123456789abcdef-stray", "a", 1, LogFolderKind.Stray)]
    [InlineData("a-1.0123456789abcdef0123456789abcdef-future", "a", 1, LogFolderKind.Future)]
    public void ReadsFolderNames(string name, string topic, int number, LogFolderKind kind)
    {
        Assert.True(TopicPartition.TryParseFolder(name, out var partition, out var found));
        Assert.Equal((new TopicPartition(topic, number), kind), (partition, found));
    }

    [Theory]
    [InlineData("lost+found")]
    [InlineData("-1")]
    [InlineData("t-x")]
    [InlineData("topic-delete")]
    public void LeavesOtherFoldersAlone(string name) => Assert.False(TopicPartition.TryParseFolder(name, out _, out _));

    [Theory]
    [InlineData("1\n0\n")]
    [InlineData("0\n2\na 0 1\n")]
    [InlineData("0\nx\n")]
    [InlineData("0\n1\na 0\n")]
    [InlineData("0\n1\na 0 x\n")]
    public void RefusesMalformedCheckpoints(string text)
    {
        var path = Path.Combine(_root, "checkpoint");
        File.WriteAllText(path, text);
        _ = Assert.Throws<LogCorruptionException>(() => OffsetCheckpoint.Read(_files, path));
    }

    [Fact]
    public void OpensManyPartitionsWithoutReadingThem()
    {
        const int Partitions = 300;
        using (var directory = Open())
        {
            Load(directory);
            for (var i = 0; i < Partitions; i++)
            {
                var folder = Path.Combine(_root, $"many-{i}");
                _ = Directory.CreateDirectory(folder);
                File.WriteAllText(Path.Combine(folder, "partition.metadata"), $"version: 0\ntopic_id: {s_topicId}");
                foreach (var file in (string[])["00000000000000000000.index", "00000000000000000000.timeindex", "00000000000000000000.log"])
                    File.WriteAllBytes(Path.Combine(folder, file), file.EndsWith(".log", StringComparison.Ordinal) ? Batches.Plain(0) : []);
            }
            File.WriteAllText(Path.Combine(_root, ".kafka_cleanshutdown"), "{}");
        }
        using var opened = Open();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var started = TimeProvider.System.GetTimestamp();
        Load(opened);
        output.WriteLine($"{Partitions} logs opened in {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:F0} ms");
        var perPartition = (GC.GetAllocatedBytesForCurrentThread() - before) / Partitions;
        Assert.Equal(Partitions, opened.Count);
        output.WriteLine($"{perPartition} bytes allocated a log");
        Assert.InRange(perPartition, 0, 16 * 1024);
    }

    private static void Close(LogDirectory directory, long brokerEpoch, Dictionary<TopicPartition, long> highWatermarks) =>
        directory.CloseCleanly(brokerEpoch, highWatermarks).GetAwaiter().GetResult();

    private static void Load(LogDirectory directory, bool isKnown = true, long fileDeleteDelayMs = 60_000) =>
        directory.LoadAll((_, _) => isKnown, _ => LogSettings.Default with { FileDeleteDelayMs = fileDeleteDelayMs }).GetAwaiter().GetResult();

    private LogDirectory Open() => LogDirectory.Open(new LogEnvironment(_files, _clock, new Random(1)), _root);
}
