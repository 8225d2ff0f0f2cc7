using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Histories;

/// <summary>
/// A few lives of one log directory. In each a process creates, writes, shortens and deletes partitions as a broker does, the metadata always first, until it
/// is killed, loses its power, or stops cleanly. Each life begins with the check that the one before calls for.
/// </summary>
/// <param name="seed">Decides all that happens.</param>
/// <param name="cutAt">The operation of the first life's work before which it ends; -1 where the seed decides.</param>
internal sealed class History(int seed, int cutAt)
{
    private const string Root = "/data";
    private const int Producers = 2;

    private static readonly string[] s_names = ["a", "b", "c"];

    private readonly Random _random = new(seed);
    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly SortedDictionary<string, TopicModel> _metadata = new(StringComparer.Ordinal);
    private readonly LogSettings _settings =
        LogSettings.Default with { SegmentBytes = 700, IndexIntervalBytes = 200, SegmentMs = long.MaxValue, FileDeleteDelayMs = 1_000 };
    private long _topics;
    private ForgetfulFileStore _store = null!;
    private LogDirectory _directory = null!;

    /// <summary>The operations of the first life's work.</summary>
    public long Operations { get; private set; }

    /// <summary>Batches that were acknowledged, in all.</summary>
    public long Acknowledged { get; private set; }

    public async Task Run()
    {
        _store = new ForgetfulFileStore(_clock);
        _store.CreateFolder(Root);
        _store.SyncFolder("/");
        var lives = cutAt >= 0 ? 1 : _random.Next(1, 5);
        for (var life = 0; life < lives; life++)
        {
            var isPowerCut = cutAt >= 0 ? cutAt % 2 == 0 : _random.Next(2) == 0;
            var steps = _random.Next(5, 40);
            var fate = _random.Next();
            if (cutAt < 0)
                _store.CutPowerAfter(_store.Operations + _random.Next(300));
            try
            {
                await Open();
                var first = _store.Operations;
                if (cutAt >= 0)
                    _store.CutPowerAfter(first + cutAt);
                for (var step = 0; step < steps; step++)
                    Step();
                if (_random.Next(3) == 0)
                    CloseCleanly();
                Operations = _store.Operations - first;
            }
            catch (Exception failure) when (IsPowerCut(failure))
            {
                // As asked for.
            }
            _directory.Dispose();
            _store = isPowerCut ? _store.Crash(fate) : _store.Kill();
        }
        await Open();
        foreach (var topic in _metadata.Values)
            Append(topic, Batches.Plain(topic.EndOffset));
        CloseCleanly();
        _store = _store.Crash(seed);
        await Open();
        _directory.Dispose();
    }

    private static bool IsPowerCut(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is PowerCutException)
                return true;
        }
        return false;
    }

    /// <summary>Starts as a broker does: what the metadata does not know is set aside, what is there is checked, what is absent is made.</summary>
    private async Task Open()
    {
        _directory = LogDirectory.Open(new LogEnvironment(_store, _clock, new Random(seed)), Root);
        await _directory.LoadAll((partition, id) => _metadata.TryGetValue(partition.Topic, out var topic) && topic.Id == id, _ => _settings);
        var highWatermarks = _directory.ReadHighWatermarks();
        foreach (var topic in _metadata.Values)
        {
            if (_directory.Find(topic.Key) is { } log)
            {
                Verify(topic, log);
                var highWatermark = highWatermarks.GetValueOrDefault(topic.Key);
                Assert.True(highWatermark <= topic.Acknowledged,
                    $"{topic.Key} has a high watermark of {highWatermark}, and {topic.Acknowledged} was acknowledged.");
                continue;
            }
            Assert.True(topic.Acknowledged == 0, $"{topic.Key} is gone, and {topic.Acknowledged} records of it were acknowledged.");
            topic.Restart();
            log = _directory.Create(topic.Key, topic.Id, _settings);
            Assert.Equal((0L, 0L), (log.LogStartOffset, log.LogEndOffset));
        }
    }

    private void Verify(TopicModel topic, PartitionLog log)
    {
        (var start, var end) = (log.LogStartOffset, log.LogEndOffset);
        var found = $"{topic.Key} of {topic.Id} goes from {start} to {end}";
        if (topic.Closed is { } closed)
            Assert.True(closed == (start, end), $"{found}; it was closed cleanly from {closed.Start} to {closed.End}.");
        topic.Closed = null;
        Assert.True(end >= topic.Acknowledged, $"{found}, and {topic.Acknowledged} was acknowledged.");
        Assert.True(end <= topic.EndOffset, $"{found}, and {topic.EndOffset} records were written.");
        Assert.True(start >= topic.MustStartAt, $"{found}, and its start {topic.MustStartAt} was written down.");
        Assert.True(start <= topic.MayStartAt, $"{found}, and only {topic.MayStartAt} may have been deleted.");
        Assert.True(log.RecoveryPoint <= end, $"{found}, and its recovery point is {log.RecoveryPoint}.");
        _ = topic.Batches.RemoveAll(batch => batch.Header.BaseOffset >= end);
        var expected = new ArrayBufferWriter<byte>();
        foreach ((var header, var bytes) in topic.Batches)
        {
            if (header.NextOffset > start)
                expected.Write(bytes);
        }
        Assert.True(expected.WrittenSpan.SequenceEqual(log.ReadAll(start)), $"{found}, and holds other bytes than were written to it.");
        for (var i = 0; i < 3 && start < end; i++)
        {
            var offset = _random.NextInt64(start, end);
            using var region = log.Read(offset, 1, long.MaxValue, minOneBatch: true).Region;
            var header = Batches.Header(region!.ToArray());
            Assert.True(header.BaseOffset <= offset
                && offset <= header.LastOffset, $"{found}; asked for {offset} it gives {header.BaseOffset} to {header.LastOffset}.");
        }
        Assert.True(log.Read(start - 1, 1, long.MaxValue, minOneBatch: true).IsOutOfRange, $"{found}, and gives what is before its start.");
        for (var producer = 0; producer < Producers; producer++)
        {
            foreach (var written in topic.LastOf(producer).Where(header => header.BaseOffset >= start))
                VerifyDuplicate(topic, log, written);
        }
    }

    private static void VerifyDuplicate(TopicModel topic, PartitionLog log, RecordBatchHeader written)
    {
        var verdict = Check(log, written);
        Assert.True(verdict.Duplicate?.LastOffset == written.LastOffset,
            $"{topic.Key}: the batch of producer {written.ProducerId} at {written.BaseOffset} is asked for again, and is {verdict.Fault} {verdict.Message} "
                + $"{verdict.Duplicate}.");
    }

    /// <summary>As a partition asks.</summary>
    private static ProducerVerdict Check(PartitionLog log, in RecordBatchHeader batch)
    {
        var verdict = log.Producers.Check(batch, AppendOrigin.Client);
        if (verdict.Fault != ProducerFault.OutOfOrderSequenceNumber || !log.LacksOlderBatches)
            return verdict;
        log.ReadOlderBatches();
        return log.Producers.Check(batch, AppendOrigin.Client);
    }

    private void Step()
    {
        var topic = _metadata.Count == 0 ? null : _metadata.Values.ElementAt(_random.Next(_metadata.Count));
        var what = topic is null ? 0 : _random.Next(30);
        var log = topic is null ? null : _directory.Find(topic.Key)!;
        switch (what)
        {
            case 0 or 1:
                Create();
                break;
            case 2:
                Delete([topic!]);
                break;
            case 3:
                Delete([.. _metadata.Values]);
                Create();
                break;
            case < 12:
                Append(topic!, Batches.Plain(topic!.EndOffset, _random.Next(1, 6), _random.Next(200), epoch: (int)(topic.EndOffset / 50)));
                break;
            case < 18:
                AppendOfProducer(topic!, log!);
                break;
            case 18 or 19:
                // A consumer has asked for records to be deleted that it can see.
                var offset = _random.NextInt64(0, topic!.Acknowledged + 1);
                topic.MayStartAt = Math.Max(topic.MayStartAt, offset);
                _ = log!.AdvanceLogStart(offset);
                break;
            case 20 or 21:
                Retain(topic!, log!);
                break;
            case 22:
                log!.Roll();
                break;
            case 23:
                _directory.WriteRecoveryPoints();
                break;
            case 24:
                _directory.WriteLogStarts();
                foreach (var each in _metadata.Values)
                    each.MustStartAt = _directory.Find(each.Key)!.LogStartOffset;
                break;
            case 25:
                _directory.WriteHighWatermarks(() => _metadata.Values.ToDictionary(static each => each.Key, static each => each.Acknowledged));
                break;
            case 26:
                _clock.NowMs += 600;
                log!.DeleteDue(_clock.NowMs);
                _directory.DeleteDue(_clock.NowMs);
                break;
            case 27:
                log!.Sync(log.ActiveSegmentBaseOffset);
                break;
            default:
                Acknowledge(topic!, log!);
                break;
        }
    }

    private void Create()
    {
        if (s_names.FirstOrDefault(name => !_metadata.ContainsKey(name)) is not { } free)
            return;
        var topic = new TopicModel(free, new Uuid(7, ++_topics));
        _metadata.Add(free, topic);
        _ = _directory.Create(topic.Key, topic.Id, _settings);
    }

    private void Delete(IReadOnlyCollection<TopicModel> topics)
    {
        foreach (var topic in topics)
            _ = _metadata.Remove(topic.Key.Topic);
        _directory.Delete([.. topics.Select(static topic => topic.Key)]);
    }

    private void Append(TopicModel topic, byte[] batch)
    {
        // Told first: whether a batch whose append was cut short is there, nobody knows.
        topic.Batches.Add((Batches.Header(batch), batch));
        var log = _directory.Find(topic.Key)!;
        log.Append(batch);
        if (_random.Next(2) == 0)
            Acknowledge(topic, log);
    }

    private void AppendOfProducer(TopicModel topic, PartitionLog log)
    {
        long producer = _random.Next(Producers);
        if (_random.Next(4) == 0)
        {
            foreach (var written in topic.LastOf(producer).Where(header => header.BaseOffset >= log.LogStartOffset))
                VerifyDuplicate(topic, log, written);
            return;
        }
        var batch = Batches.Produced(topic.EndOffset, producer, 0, topic.NextSequence(producer), _random.Next(1, 4));
        var verdict = Check(log, Batches.Header(batch));
        Assert.True(verdict.IsGood, $"{topic.Key}: the next batch of producer {producer} is {verdict.Fault}: {verdict.Message}");
        Append(topic, batch);
    }

    private void Acknowledge(TopicModel topic, PartitionLog log)
    {
        log.Sync();
        topic.Acknowledged = topic.EndOffset;
        Acknowledged++;
    }

    private void Retain(TopicModel topic, PartitionLog log)
    {
        var before = topic.MayStartAt;
        log.Settings = _settings with { RetentionBytes = _random.Next(2_000) };
        // Cut short it may have deleted all that was acknowledged; done, it says how much.
        topic.MayStartAt = Math.Max(before, topic.Acknowledged);
        _ = log.ApplyRetention(_clock.NowMs, topic.Acknowledged);
        topic.MayStartAt = Math.Max(before, log.LogStartOffset);
    }

    private void CloseCleanly()
    {
        var ends = _metadata.Values.ToDictionary(static topic => topic, topic => (_directory.Find(topic.Key)!.LogStartOffset, topic.EndOffset));
        _directory.CloseCleanly(1, _metadata.Values.ToDictionary(static topic => topic.Key, static topic => topic.Acknowledged)).GetAwaiter().GetResult();
        foreach ((var topic, (long Start, long End) closed) in ends)
            (topic.Closed, topic.Acknowledged, topic.MustStartAt) = (closed, closed.End, closed.Start);
    }
}
