using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Tests.DataDirectories;

/// <summary>Asks our logs what Kafka was asked, and notes each difference.</summary>
internal sealed class ServedComparison(ReferenceArchive archive)
{
    private readonly Dictionary<TopicPartition, (Uuid TopicId, int Leader, int LeaderEpoch)> _known = archive.Partitions();
    private readonly Dictionary<TopicPartition, PartitionLog> _logs = [];

    /// <summary>Where Kafka's opening began to append.</summary>
    private readonly Dictionary<TopicPartition, long> _appendedFrom = [];

    private readonly RecoveryWatch _recovery = new(TimeProvider.System, IRecoveryListener.None);
    private int _records;
    private int _answers;

    public List<string> Differences { get; } = [];

    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"{archive.Name}: {_logs.Count} logs, {_records} records and {_answers} answers compared, {_appendedFrom.Count} partitions that Kafka appended to "
            + $"while it opened them, {_recovery.Repairs} repairs");

    /// <summary>
    /// Kafka trusts an index of noise, or one that points at a batch whose header is cut, and then does not find records that are there. We do not trust them.
    /// </summary>
    public static bool MayServeMore(string damage) =>
        damage.Contains("filled with noise", StringComparison.Ordinal) || damage.Contains("cut in its header", StringComparison.Ordinal);

    private static bool IsCut(string damage) =>
        damage.Contains("batch cut in its", StringComparison.Ordinal) || damage.Contains("log empty", StringComparison.Ordinal);

    public void Run()
    {
        var directories = OpenAll();
        foreach ((var partition, var log) in _logs)
        {
            // What becoming the leader of a partition without other replicas does.
            log.Epochs.Assign(_known[partition].LeaderEpoch, log.LogEndOffset);
            log.Producers.OnHighWatermark(log.LogEndOffset);
        }
        FindAppended();
        foreach (var (partition, known) in _known)
        {
            if (known.Leader >= 0 && !_logs.ContainsKey(partition) && ExpectedHighWatermark(partition) > 0)
                Differ($"{partition} is missing");
        }
        new RecordComparison(archive, _logs, _appendedFrom, Differences).Run(ref _records);
        CompareFetched();
        CompareFetch();
        CompareListOffsets();
        CompareEpochs();
        CompareProducers();
        directories.ForEach(static directory => directory.Dispose());
    }

    public async Task CloseCleanly()
    {
        foreach (var directory in OpenAll())
            await directory.CloseCleanly(1, new Dictionary<TopicPartition, long>());
    }

    private List<LogDirectory> OpenAll()
    {
        var directories = new List<LogDirectory>();
        var properties = archive.ServerProperties();
        var settings = LogSettings.Default with
        {
            IndexIntervalBytes = int.Parse(properties.GetValueOrDefault("log.index.interval.bytes", "4096"), CultureInfo.InvariantCulture),
        };
        foreach ((var node, var path) in archive.LogDirectories())
        {
            var environment = new LogEnvironment(new DiskFileStore(), new FixedClock(archive.StartedAtMs), new Random(1), _recovery)
            {
                ProducerIdExpirationMs = long.Parse(properties.GetValueOrDefault("producer.id.expiration.ms", "86400000"), CultureInfo.InvariantCulture),
            };
            var directory = LogDirectory.Open(environment, path);
            directories.Add(directory);
            directory.LoadAll((partition, topicId) => _known.TryGetValue(partition, out var known) && known.TopicId == topicId, _ => settings).GetAwaiter()
                .GetResult();
            foreach (var log in directory.Logs)
            {
                if (_known[log.Partition].Leader == node)
                    _logs[log.Partition] = log;
            }
        }
        return directories;
    }

    private void FindAppended()
    {
        foreach (var partition in Fetches().Where(static fetch => fetch.Isolation == 0).Select(static fetch => fetch.Answer))
        {
            var name = Name(partition);
            if (_logs.TryGetValue(name, out var log) && partition.GetProperty("highWatermark").GetInt64() > log.LogEndOffset
                && OpeningMayAppend(name, partition.GetProperty("highWatermark").GetInt64(), log.LogEndOffset))
            {
                _appendedFrom[name] = log.LogEndOffset;
            }
        }
    }

    /// <summary>Coordinators write to their own topics and put markers into others; nothing else appends while a broker opens.</summary>
    private bool OpeningMayAppend(TopicPartition partition, long highWatermark, long logEndOffset)
    {
        if (partition.Topic.StartsWith("__", StringComparison.Ordinal))
            return true;
        // Markers are no records: whatever record is behind our end is missing here.
        return archive.Records()
            .All(record => record.GetProperty("topic").GetString() != partition.Topic || record.GetProperty("partition").GetInt32() != partition.Partition
            || record.GetProperty("offset").GetInt64() < logEndOffset || record.GetProperty("offset").GetInt64() >= highWatermark);
    }

    private long ExpectedHighWatermark(TopicPartition partition) => Fetches().Where(fetch => Name(fetch.Answer) == partition)
        .Select(static fetch => fetch.Answer.GetProperty("highWatermark").GetInt64()).FirstOrDefault(-1);

    private IEnumerable<(int Isolation, JsonElement Answer)> Fetches()
    {
        foreach ((var request, var response, _) in archive.Answers("Fetch"))
        {
            foreach (var topic in response.GetProperty("responses").EnumerateArray())
            {
                foreach (var partition in topic.GetProperty("partitions").EnumerateArray())
                {
                    _currentTopic = TopicName(topic.GetProperty("topicId").GetString()!);
                    yield return (request.GetProperty("isolationLevel").GetInt32(), partition);
                }
            }
        }
    }

    private string _currentTopic = "";

    private string TopicName(string topicId) => _known.First(known => known.Value.TopicId == Uuid.Parse(topicId)).Key.Topic;

    private TopicPartition Name(JsonElement partition) => new(_currentTopic, partition.GetProperty("partitionIndex").GetInt32());

    private void CompareFetched()
    {
        foreach ((var partition, var nextOffset, var bytes, var sha256) in archive.Fetched())
        {
            if (!_logs.TryGetValue(partition, out var log))
                continue;
            if (_appendedFrom.ContainsKey(partition) && nextOffset > log.LogEndOffset)
                continue;
            using var region = log.Read(log.LogStartOffset, 64 << 20, long.MaxValue, minOneBatch: true).Region;
            var fetched = region?.ToArray() ?? [];
            var ours = Convert.ToHexStringLower(SHA256.HashData(fetched));
            if (ours != sha256 && !MayServeMore(archive.Damage(partition.ToString())))
            {
                Differ($"{partition} ({archive.Damage(partition.ToString())}): fetched {fetched.Length} bytes, Kafka {bytes} up to {nextOffset}; log "
                    + $"[{log.LogStartOffset}, {log.LogEndOffset})");
            }

            _answers++;
        }
    }

    private void CompareFetch()
    {
        foreach ((var isolation, var expected) in Fetches())
        {
            var partition = Name(expected);
            if (!_logs.TryGetValue(partition, out var log) || _appendedFrom.ContainsKey(partition))
                continue;
            var stable = Math.Min(log.Producers.FirstUnstableOffset, log.LogEndOffset);
            var read = log.Read(log.LogStartOffset, 64 << 20, isolation == 0 ? log.LogEndOffset : stable, minOneBatch: true);
            using var region = read.Region;
            var aborted = "null";
            if (isolation == 1)
            {
                var list = new List<AbortedTransaction>();
                log.CollectAbortedTransactions(log.LogStartOffset, read, list);
                aborted = string.Join(' ', list.Select(static a => $"{a.ProducerId}@{a.FirstOffset}"));
            }
            var kafkaAborted = expected.GetProperty("abortedTransactions") is { ValueKind: JsonValueKind.Array } array
                ? string.Join(' ',
                array.EnumerateArray().Select(static a => $"{a.GetProperty("producerId").GetInt64()}@{a.GetProperty("firstOffset").GetInt64()}"))
                : "null";
            Same($"{partition} Fetch isolation {isolation}",
                $"{log.LogEndOffset} {stable} {log.LogStartOffset} {read.Length} [{aborted}]",
                $"{expected.GetProperty("highWatermark")} {expected.GetProperty("lastStableOffset")} {expected.GetProperty("logStartOffset")} "
                    + $"{expected.GetProperty("recordsSizeInBytes")} [{kafkaAborted}]");
        }
    }

    private void CompareListOffsets()
    {
        foreach ((var request, var response, _) in archive.Answers("ListOffsets"))
        {
            Dictionary<TopicPartition, long> asked = [];
            foreach (var topic in request.GetProperty("topics").EnumerateArray())
            {
                foreach (var partition in topic.GetProperty("partitions").EnumerateArray())
                {
                    asked[new TopicPartition(topic.GetProperty("name").GetString()!, partition.GetProperty("partitionIndex").GetInt32())] =
                        partition.GetProperty("timestamp").GetInt64();
                }
            }
            var isolation = request.GetProperty("isolationLevel").GetInt32();
            foreach (var topic in response.GetProperty("topics").EnumerateArray())
            {
                foreach (var expected in topic.GetProperty("partitions").EnumerateArray())
                {
                    var partition = new TopicPartition(topic.GetProperty("name").GetString()!, expected.GetProperty("partitionIndex").GetInt32());
                    if (!_logs.TryGetValue(partition, out var log) || expected.GetProperty("errorCode").GetInt32() != 0)
                        continue;
                    var timestamp = asked[partition];
                    // Kafka looks for a time in a batch without its checksum.
                    if (archive.Damage(partition.ToString()).StartsWith("a byte of", StringComparison.Ordinal)
                        && IsRefused(() => ListOffset(log, timestamp, isolation)))
                    {
                        continue;
                    }
                    // What lies behind our end was appended by Kafka's opening.
                    if (timestamp >= 0 && MayServeMore(archive.Damage(partition.ToString())))
                    {
                        var ours = ListOffset(log, timestamp, isolation);
                        if (ours != $"{expected.GetProperty("offset")} {expected.GetProperty("timestamp")} {expected.GetProperty("leaderEpoch")}")
                            Same($"{partition}\tListOffsets {timestamp} isolation {isolation}", ours, RecordComparison.Scan(log, timestamp));
                        continue;
                    }
                    // The record that Kafka's index names is cut off, and it says that there is none.
                    if (timestamp == -3 && expected.GetProperty("offset").GetInt64() < 0 && IsCut(archive.Damage(partition.ToString())))
                    {
                        if (ListOffset(log, timestamp, isolation) is var largest and not "-1 -1 -1")
                            Same($"{partition}\tListOffsets {timestamp} isolation {isolation}", largest, RecordComparison.ScanLargest(log));
                        continue;
                    }
                    if (_appendedFrom.ContainsKey(partition)
                        && (isolation == 1 || timestamp is -1 or -3 || expected.GetProperty("offset").GetInt64() >= log.LogEndOffset
                        || expected.GetProperty("offset").GetInt64() < 0))
                    {
                        continue;
                    }

                    Same($"{partition} ListOffsets {timestamp} isolation {isolation}", ListOffset(log, timestamp, isolation),
                        $"{expected.GetProperty("offset")} {expected.GetProperty("timestamp")} {expected.GetProperty("leaderEpoch")}");
                }
            }
        }
    }

    private static bool IsRefused(Func<string> ask)
    {
        try
        {
            _ = ask();
            return false;
        }
        catch (DamagedBatchException)
        {
            return true;
        }
    }

    /// <summary>What a broker answers from what the log knows.</summary>
    private static string ListOffset(PartitionLog log, long timestamp, int isolation)
    {
        var visible = isolation == 0 ? log.LogEndOffset : Math.Min(log.Producers.FirstUnstableOffset, log.LogEndOffset);
        var found = timestamp switch
        {
            -1 => new TimestampAndOffset(visible, -1, log.Epochs.LatestEpoch),
            -2 or -4 => new TimestampAndOffset(log.LogStartOffset, -1, log.Epochs.EpochFor(log.LogStartOffset)),
            -3 => log.FindMaxTimestamp(),
            < 0 => null,
            _ => log.FindByTimestamp(timestamp),
        };
        if (timestamp is -3 or >= 0 && found?.Offset >= visible)
            found = null;
        return found is { } f ? $"{f.Offset} {f.Timestamp} {f.LeaderEpoch}" : "-1 -1 -1";
    }

    private void CompareEpochs()
    {
        foreach ((var request, var response, _) in archive.Answers("OffsetForLeaderEpoch"))
        {
            var epoch = request.GetProperty("topics")[0].GetProperty("partitions")[0].GetProperty("leaderEpoch").GetInt32();
            foreach (var topic in response.GetProperty("topics").EnumerateArray())
            {
                foreach (var expected in topic.GetProperty("partitions").EnumerateArray())
                {
                    var partition = new TopicPartition(topic.GetProperty("topic").GetString()!, expected.GetProperty("partition").GetInt32());
                    if (!_logs.TryGetValue(partition, out var log) || expected.GetProperty("errorCode").GetInt32() != 0)
                        continue;
                    if (_appendedFrom.ContainsKey(partition) && expected.GetProperty("endOffset").GetInt64() > log.LogEndOffset)
                        continue;
                    var end = log.Epochs.EndOffsetFor(epoch, log.LogEndOffset);
                    Same($"{partition} OffsetForLeaderEpoch {epoch}", $"{end.Epoch} {end.StartOffset}",
                        $"{expected.GetProperty("leaderEpoch")} {expected.GetProperty("endOffset")}");
                }
            }
        }
    }

    private void CompareProducers()
    {
        foreach ((_, var response, _) in archive.Answers("DescribeProducers"))
        {
            foreach (var topic in response.GetProperty("topics").EnumerateArray())
            {
                foreach (var expected in topic.GetProperty("partitions").EnumerateArray())
                {
                    var partition = new TopicPartition(topic.GetProperty("name").GetString()!, expected.GetProperty("partitionIndex").GetInt32());
                    if (!_logs.TryGetValue(partition, out var log) || expected.GetProperty("errorCode").GetInt32() != 0
                        || _appendedFrom.ContainsKey(partition))
                    {
                        continue;
                    }

                    var kafka =
                        string.Join("; ", expected.GetProperty("activeProducers").EnumerateArray().OrderBy(static p => p.GetProperty("producerId").GetInt64())
                        .Select(static p =>
                            $"{p.GetProperty("producerId")} {p.GetProperty("producerEpoch")} {p.GetProperty("lastSequence")} {p.GetProperty("lastTimestamp")} "
                            + $"{p.GetProperty("coordinatorEpoch")} {p.GetProperty("currentTxnStartOffset")}"));
                    var ours = string.Join("; ", log.Producers.Describe().OrderBy(static p => p.ProducerId)
                        .Select(static p =>
                            $"{p.ProducerId} {p.Epoch} {p.LastSequence} {p.LastTimestamp} {p.CoordinatorEpoch} {p.CurrentTransactionFirstOffset}"));
                    Same($"{partition} DescribeProducers", ours, kafka);
                }
            }
        }
    }

    private void Same(string what, string ours, string kafka)
    {
        _answers++;
        if (ours != kafka)
        {
            var folder = what[..what.AsSpan().IndexOfAny(' ', '\t')];
            if (!what.Contains('\t', StringComparison.Ordinal) && MayServeMore(archive.Damage(folder)))
                return;
            Differ($"{what} ({archive.Damage(folder)}): ours {ours}, Kafka {kafka}");
        }
    }

    private void Differ(string difference) => Differences.Add(difference);
}
