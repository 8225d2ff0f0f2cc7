using System.Buffers;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>The background tasks of the log directories go on, whatever becomes of one partition.</summary>
public sealed class LogMaintenanceTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly HookedFileStore _files;
    private readonly LogDirectory _directory;
    private readonly PartitionTable _table = new();
    private readonly LogSyncer _syncer = new();

    public LogMaintenanceTests()
    {
        _files = new HookedFileStore(new ForgetfulFileStore(_time));
        _directory = LogDirectory.Open(new LogEnvironment(_files, _time, new Random(1)), "/data");
        _directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default).GetAwaiter().GetResult();
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Retention_goes_on_where_a_log_was_deleted_under_it_and_where_something_unforeseen_happens()
    {
        var partitions = Enumerable.Range(0, 8).Select(i => Add($"t{i}", ("retention.ms", "1000"))).ToList();
        foreach (var partition in partitions) _ = partition.Append(RecordBytes.From(Records.Batch(timestamp: NowMs()).AsMemory()), 1, 12);
        // A topic that is deleted has left the table only after a background task has looked at it.
        _directory.Delete(new TopicPartition("t3", 0));
        var isFirst = true;
        _files.Before = (operation, path) =>
        {
            if (operation != nameof(IFileStore.Rename) || !path.Contains("t5-0", StringComparison.Ordinal) || !isFirst) return;
            isFirst = false;
            throw new InvalidOperationException("nobody has thought of this");
        };
        await using var maintenance = Maintenance();
        maintenance.Start();
        await Until(() => partitions.Where((_, i) => i is not 3 and not 5).All(partition => partition.Log.LogStartOffset == 1));
        _ = partitions[5].Append(RecordBytes.From(Records.Batch(timestamp: NowMs()).AsMemory()), 1, 12);
        await Until(() => partitions[5].Log.LogStartOffset == 2);
        Assert.False(maintenance.Completion.IsCompleted);
        Assert.False(_directory.Health.IsFailed);
    }

    [Fact]
    public async Task A_background_task_that_lacks_descriptors_is_tried_again()
    {
        var partition = Add("t", ("retention.ms", "1000"));
        _ = partition.Append(RecordBytes.From(Records.Batch(timestamp: NowMs()).AsMemory()), 1, 12);
        var refused = 0;
        _files.Before = (operation, _) =>
        {
            if (operation == nameof(IFileStore.Open) && refused++ < 20) throw HookedFileStore.TooManyOpenFiles();
        };
        await using var maintenance = Maintenance();
        maintenance.Start();
        await Until(() => partition.Log.LogStartOffset == 1 && _files.FileExists("/data/replication-offset-checkpoint"));
        Assert.True(refused > 20);
        Assert.False(_directory.Health.IsFailed);
    }

    /// <summary>
    /// Nothing is appended any more, so that what is old lies in the active segment. A topic that is compacted alone keeps it, as it keeps all that is large.
    /// </summary>
    [Fact]
    public async Task Retention_takes_what_is_old_or_too_much_of_every_topic_that_is_not_compacted_alone()
    {
        string[] policies = ["delete", "compact,delete", "compact"];
        var old = policies.Select((policy, i) => Add($"old{i}", ("cleanup.policy", policy), ("retention.ms", "1000"))).ToList();
        var large = policies.Select((policy, i) => Add($"large{i}", ("cleanup.policy", policy), ("retention.ms", "-1"), ("retention.bytes", "1"))).ToList();
        foreach (var partition in old.Concat(large))
        {
            _ = partition.Append(RecordBytes.From(Records.Batch(3, timestamp: NowMs()).AsMemory()), 1, 12);
            partition.Log.Roll();
            _ = partition.Append(RecordBytes.From(Records.Batch(2, timestamp: NowMs()).AsMemory()), 1, 12);
        }
        await using var maintenance = Maintenance();
        maintenance.Start();
        await Until(() =>
            old.Take(2).All(static partition => partition.Log.LogStartOffset == 5) && large.Take(2).All(static partition => partition.Log.LogStartOffset == 3));
        Assert.All(old.Take(2),
            static partition => Assert.Equal((1, 0L, 5L), (partition.Log.SegmentCount, partition.Log.SizeInBytes, partition.Log.LogEndOffset)));
        Assert.Equal((0, 0), (old[2].Log.LogStartOffset, large[2].Log.LogStartOffset));
    }

    [Fact]
    public async Task Recovery_points_and_high_watermarks_are_written_when_their_settings_say()
    {
        var partition = Add("t");
        _ = partition.Append(RecordBytes.From(Records.Batch(3).AsMemory()), 1, 12);
        await using var maintenance = Maintenance(
            ("log.flush.offset.checkpoint.interval.ms", "3600000"), ("replica.high.watermark.checkpoint.interval.ms", "100"));
        maintenance.Start();
        await Until(() => _files.FileExists("/data/replication-offset-checkpoint"));
        Assert.Equal(3, _directory.ReadHighWatermarks()[new TopicPartition("t", 0)]);
        Assert.False(_files.FileExists("/data/recovery-point-offset-checkpoint"));
    }

    /// <summary>As in Kafka the first run is as far away as <c>log.initial.task.delay.ms</c>, and the interval counts from there.</summary>
    [Fact]
    public async Task Retention_begins_when_the_initial_delay_is_over()
    {
        var partition = Add("t", ("retention.ms", "1000"));
        _ = partition.Append(RecordBytes.From(Records.Batch(timestamp: NowMs()).AsMemory()), 1, 12);
        await using var maintenance = Maintenance(("log.initial.task.delay.ms", "5000"), ("log.retention.check.interval.ms", "3600000"));
        maintenance.Start();
        _time.Advance(TimeSpan.FromMilliseconds(4_999));
        Assert.Equal(0, partition.Log.LogStartOffset);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Eventually.Is(() => partition.Log.LogStartOffset == 1);
    }

    [Fact]
    public async Task Producers_that_were_silent_for_too_long_are_forgotten_when_the_setting_says()
    {
        var partition = Add("t");
        _ = partition.Append(RecordBytes.From(Records.Batch(timestamp: NowMs(), producerId: 7, epoch: 0, sequence: 0).AsMemory()), 1, 12);
        _directory.Environment.ProducerIdExpirationMs = 1_000;
        await using var maintenance = Maintenance(("producer.id.expiration.check.interval.ms", "2000"), ("log.initial.task.delay.ms", "3600000"));
        maintenance.Start();
        _time.Advance(TimeSpan.FromMilliseconds(1_999));
        Assert.Single(partition.DescribeProducers().Producers);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Eventually.Is(() => partition.DescribeProducers().Producers.Count == 0);
    }

    [Fact]
    public async Task A_due_flush_is_looked_for_as_often_as_the_scheduler_is_told()
    {
        var partition = Add("t", ("flush.ms", "50"));
        _syncer.Start();
        await using var maintenance = Maintenance(("log.flush.scheduler.interval.ms", "100"));
        maintenance.Start();
        _ = partition.Append(RecordBytes.From(Records.Batch(3, timestamp: NowMs()).AsMemory()), 1, 12);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await Eventually.Is(() => partition.Log.RecoveryPoint == 3);
        await _syncer.Stop();
    }

    [Fact]
    public async Task A_sync_that_fails_as_nobody_foresaw_fails_the_directory_and_not_the_syncer()
    {
        var failed = new TaskCompletionSource();
        _directory.Health.Failed += _ => failed.TrySetResult();
        _syncer.Start();
        var partition = Add("t", ("flush.messages", "1"));
        _files.Before = (operation, _) =>
        {
            if (operation == nameof(IFileStore.SyncFolder)) throw new InvalidOperationException("nobody has thought of this");
        };
        _ = partition.Append(RecordBytes.From(Records.Batch().AsMemory()), 1, 12);
        await failed.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.False(_syncer.Completion.IsCompleted);
        _files.Before = null;
        await _syncer.Stop();
    }

    /// <summary>The acknowledgement waits for the sync: who lacks descriptors for a moment must not wait for somebody else's append.</summary>
    [Fact]
    public async Task A_sync_that_is_refused_is_done_again_and_the_records_are_acknowledged()
    {
        var syncer = new LogSyncer(_time);
        syncer.Start();
        var refused = 0;
        _files.Before = (operation, _) =>
        {
            if (operation != nameof(IFileStore.SyncFolder) || refused >= 3) return;
            refused++;
            throw HookedFileStore.TooManyOpenFiles();
        };
        var partition = Add(syncer, "t", ("flush.messages", "1"));
        _ = partition.Append(RecordBytes.From(Records.Batch().AsMemory()), -1, 12);
        await Until(() => partition.HighWatermark == 1);
        Assert.Equal(3, refused);
        Assert.False(_directory.Health.IsFailed);
        await syncer.Stop();
    }

    /// <summary>
    /// After a kill the high watermark is behind until the first sync: nobody may be told an end, or "nothing at that time", that leaves out what was
    /// acknowledged.
    /// </summary>
    [Fact]
    public async Task Before_the_first_sync_after_a_kill_the_end_is_not_known()
    {
        var log = _directory.Create(new TopicPartition("t", 0), new Uuid(7, 9), LogSettings.Default);
        _ = log.Append(new ReadOnlySequence<byte>(Records.Batch(3, timestamp: NowMs())));
        var syncer = new LogSyncer(_time);
        var config = TopicConfig.Create(TestNode.ConfigOf(), new Dictionary<string, string> { ["flush.messages"] = "1" });
        var partition = new Partition(new Uuid(7, 9), log, config, 0, syncer, _time);
        partition.Lead(0);
        Assert.Equal(ErrorCode.OffsetNotAvailable, partition.FindOffset(-1, committedOnly: false, -1).Error);
        Assert.Equal(ErrorCode.OffsetNotAvailable, partition.FindOffset(-1, committedOnly: true, -1).Error);
        Assert.Equal(ErrorCode.OffsetNotAvailable, partition.FindOffset(0, committedOnly: false, -1).Error);
        Assert.Equal((ErrorCode.None, 0),
            (partition.FindOffset(-2, committedOnly: false, -1).Error, partition.FindOffset(-2, committedOnly: false, -1).Offset));
        syncer.Start();
        await Until(() => partition.HighWatermark == 3);
        Assert.Equal(3, partition.FindOffset(-1, committedOnly: false, -1).Offset);
        await syncer.Stop();
    }

    /// <summary>What is refused for ever holds up neither the others nor the end of the node, and is forgotten with its topic.</summary>
    [Fact]
    public async Task A_sync_that_is_refused_holds_up_no_other()
    {
        var syncer = new LogSyncer(_time);
        syncer.Start();
        var partition = Add(syncer, "good", ("flush.messages", "1"));
        var refused = Add(syncer, "bad", ("flush.messages", "1"));
        _ = refused.Append(RecordBytes.From(Records.Batch().AsMemory()), -1, 12);
        _files.Before = static (_, path) =>
        {
            if (path.Contains("bad-0", StringComparison.Ordinal)) throw HookedFileStore.TooManyOpenFiles();
        };
        _ = partition.Append(RecordBytes.From(Records.Batch().AsMemory()), -1, 12);
        await Until(() => partition.HighWatermark == 1);
        await syncer.Stop();
        Assert.False(syncer.Completion.IsFaulted);
    }

    private long NowMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private LogMaintenance Maintenance(params (string Name, string Value)[] settings) =>
        new(_table, new LogDirectories([_directory]), TestNode.ConfigOf([("log.retention.check.interval.ms", "1000"), .. settings]), _time,
            NullLogger.Instance);

    private Partition Add(string topic, params (string Name, string Value)[] configs) => Add(_syncer, topic, configs);

    private Partition Add(LogSyncer syncer, string topic, params (string Name, string Value)[] configs)
    {
        var config = TopicConfig.Create(TestNode.ConfigOf(), configs.ToDictionary(static c => c.Name, static c => c.Value));
        var log = _directory.Create(new TopicPartition(topic, 0), new Uuid(7, 9), config.Log);
        var partition = new Partition(new Uuid(7, 9), log, config, 0, syncer, _time);
        partition.Lead(0);
        _table.Add(partition);
        return partition;
    }

    /// <summary>Lets the clock go on until something is so; the tasks run on the thread that moves it, or soon after.</summary>
    private async Task Until(Func<bool> condition)
    {
        while (!condition())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Yield();
        }
    }
}
