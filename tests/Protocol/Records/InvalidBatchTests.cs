using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

/// <summary>
/// Every Produce request that Kafka was sent in golden/batches/invalid.tsv, and what it answered and stored. Each row goes through the validator,
/// whole and cut into segments.
/// </summary>
public partial class InvalidBatchTests
{
    /// <summary>What the batch does not decide: here the validator has to accept, and the broker's test asserts Kafka's answer.</summary>
    private static readonly HashSet<string> LeftToTheBroker =
    [
        // Producer state: sequences, epochs and duplicates.
        "producer-duplicate", "producer-duplicate-v3", "producer-sequence-gap", "producer-sequence-back", "producer-same-sequence-other-length",
        "producer-duplicate-of-5th-last", "producer-duplicate-of-6th-last", "producer-after-wrap", "producer-after-max-sequence-0",
        "producer-epoch-older", "producer-epoch-newer-sequence-0", "producer-epoch-newer-sequence-3",
        // Transactions: who may, and whether one is open.
        "attributes-transactional", "attributes-transactional-producer-id", "attributes-transactional-unknown-id", "attributes-transactional-unknown-id-v11",
        "transactional-v11-partition-not-added", "transactional-v3-partition-not-added", "transactional-epoch-too-new",
        "transactional-producer-id-of-another", "transactional-then-plain-batch",
        // The request around the batch.
        "acks-2", "acks-minus-2", "unknown-topic", "unknown-topic-acks-0", "unknown-partition", "partition-minus-1", "topic-name-empty", "topic-name-illegal",
        "topic-internal", "unknown-topic-id-v13", "zero-topic-id-v13", "same-partition-twice", "same-topic-twice", "good-and-bad-partition",
        "no-partitions", "no-topics", "no-topics-acks-0",
    ];

    /// <summary>Kafka refuses these for the transactional id that the request lacks, before it looks at the batch; the batch alone is refused too.</summary>
    private static readonly HashSet<string> RefusedEarlierByKafka = ["attributes-control-commit-marker"];

    /// <summary>Where Kafka errs, with the answer that is given instead. docs/differences.md says why.</summary>
    private static readonly Dictionary<string, ErrorCode> BetterThanKafka = new()
    {
        ["null-records"] = ErrorCode.InvalidRecord,
        ["null-records-acks-0"] = ErrorCode.InvalidRecord,
        ["record-length-one-short-gzip"] = ErrorCode.InvalidRecord,
        ["record-length-one-long-gzip"] = ErrorCode.InvalidRecord,
    };

    private const long SomeTime = 1_795_382_605_704;

    /// <summary>A choice of those rows, and more that were recorded from Kafka 4.4 in the same way: batches with two faults, headers of codecs.</summary>
    [Fact]
    public void The_rows_that_are_checked_in_get_it_too() => CheckAll(SampleBatches.Table("invalid.tsv"), 100);

    [Fact]
    public void Every_batch_gets_the_verdict_that_Kafka_gave() => CheckAll(KafkaReference.Table("golden", "batches", "invalid.tsv"), 322);

    private static void CheckAll(IEnumerable<IReadOnlyDictionary<string, string>> table, int atLeast)
    {
        var partitions = new Dictionary<string, int>();
        var failures = new List<string>();
        var rows = 0;
        foreach (var row in table)
        {
            rows++;
            // A row that is not in the list of those we can build, and is cut in the table, cannot be sent again.
            var isCut = row["records"].Contains("...", StringComparison.Ordinal) && !IsOfZeros(row["name"]);
            var topic = TopicOf(row["topicConfig"]);
            // The rows of a topic went to its partitions one after the other, and texts of errors name them.
            var partition = partitions[topic] = partitions.GetValueOrDefault(topic, -1) + 1;
            if (row.TryGetValue("partition", out var named)) partition = int.Parse(named, CultureInfo.InvariantCulture);
            for (var cut = 0; cut < (isCut ? 0 : 6); cut++)
            {
                try
                {
                    Check(row, topic, partition, cut);
                }
                catch (Exception e)
                {
                    failures.Add($"{row["name"]} (cut {cut}): {e.Message.ReplaceLineEndings(" ")}");
                    break;
                }
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} of {rows} rows:\n{string.Join('\n', failures)}");
        Assert.True(rows >= atLeast);
    }

    private static void Check(IReadOnlyDictionary<string, string> row, string topic, int partition, int cut)
    {
        var name = row["name"];
        var records = RecordsOf(row);
        var stored = row["stored"].Contains("...", StringComparison.Ordinal) ? [] : Convert.FromHexString(row["stored"]);
        var version = short.Parse(row["version"], CultureInfo.InvariantCulture);
        var rules = new ProduceBatchRules(version, "invalid-" + topic, partition, SettingsOf(row["topicConfig"]), NowOf(row, stored));
        ReadOnlySequence<byte>? bytes = records is null
            ? null
            : cut == 0 ? new ReadOnlySequence<byte>(records) : Segments.Cut(records, new Random(cut), 1 + 2 * cut);

        using var verdict = ProduceBatchValidator.Validate(bytes, rules);
        if (BetterThanKafka.TryGetValue(name, out var better))
        {
            Assert.Equal(better, verdict.Error);
            return;
        }
        if (LeftToTheBroker.Contains(name))
        {
            Assert.Equal(ErrorCode.None, verdict.Error);
            return;
        }
        if (RefusedEarlierByKafka.Contains(name))
        {
            Assert.NotEqual(ErrorCode.None, verdict.Error);
            return;
        }
        if (row["acks"] == "0")
        {
            Assert.Equal(row["connection"] == "closed", !verdict.IsAccepted);
            return;
        }
        Assert.Equal(row["error"].Split(' ')[0], ((short)verdict.Error).ToString(CultureInfo.InvariantCulture));
        if (version >= 8)
        {
            Assert.Equal(row["errorMessage"], verdict.ErrorMessage ?? "null");
            var expected = JsonDocument.Parse(row["recordErrors"]).RootElement.EnumerateArray()
                .Select(e => new ProduceRecordError(e.GetProperty("batchIndex").GetInt32(), e.GetProperty("message").GetString()!));
            Assert.Equal(expected, verdict.RecordErrors);
        }
        if (!verdict.IsAccepted) return;
        var header = verdict.Assign(0, 0)[0];
        Assert.Equal(row["logAppendTime"] == "set", verdict.LogAppendTimeMs != -1);
        if (stored.Length > 0) CheckStored(stored, verdict, header);
    }

    private static void CheckStored(byte[] stored, in ProduceVerdict verdict, RecordBatchHeader header)
    {
        var ours = verdict.Batch.ToArray();
        Assert.True(RecordBatchHeader.TryRead(ours, out var read));
        Assert.Equal(header, read);
        if (!verdict.IsRebuilt || header.Codec == CompressionType.None)
        {
            Assert.Equal(Convert.ToHexString(stored), Convert.ToHexString(ours));
            return;
        }
        // Another library compresses to other bytes of the same content.
        Assert.True(RecordBatchHeader.TryRead(stored, out var theirs));
        Assert.Equal(theirs with { Crc = 0, BatchLength = 0 }, header with { Crc = 0, BatchLength = 0 });
        Assert.Equal(Decompressed(stored, theirs), Decompressed(ours, header));
    }

    private static string Decompressed(byte[] batch, RecordBatchHeader header)
    {
        using var output = new PooledBuffer();
        Assert.Equal(DecompressionResult.Done,
            CompressionCodecs.Get(header.Codec).Decompress(new ReadOnlySequence<byte>(batch.AsMemory(RecordBatchHeader.Size)), output, 1 << 20));
        return Convert.ToHexString(output.WrittenSpan);
    }

    private static byte[]? RecordsOf(IReadOnlyDictionary<string, string> row) => row["name"] switch
    {
        // The table cuts these; extract/InvalidBatches.java says what they were.
        "inflate-limit-uncompressed-200kB" => OneRecordOfZeros(200_000),
        "larger-than-segment" => OneRecordOfZeros(1_200_000),
        "snappy-bomb-2MiB" or "snappy-bomb-2MiB-inflate-limit-100000" => OneRecordOfZeros(2 << 20, CompressionType.Snappy),
        "lz4-bomb-2MiB" or "lz4-bomb-2MiB-inflate-limit-100000" => OneRecordOfZeros(2 << 20, CompressionType.Lz4),
        _ => row["records"] == "null" ? null : Convert.FromHexString(row["records"]),
    };

    private static bool IsOfZeros(string name) =>
        name is "inflate-limit-uncompressed-200kB" or "larger-than-segment" || name.Contains("-bomb-2MiB", StringComparison.Ordinal);

    private static byte[] OneRecordOfZeros(int length, CompressionType codec = CompressionType.None)
    {
        using var builder = new RecordBatchBuilder { Codec = codec };
        builder.Append(1_700_000_000_000, NullableBytes.Null, new byte[length]);
        return builder.ToArray();
    }

    /// <summary>The broker's clock when it answered: in the text of a refused timestamp, or in the batch where the broker set it.</summary>
    private static long NowOf(IReadOnlyDictionary<string, string> row, byte[] stored)
    {
        var match = LatestAllowed().Match(row["recordErrors"]);
        if (match.Success) return long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) - 3_600_000;
        return RecordBatchHeader.TryRead(stored, out var header) && header.TimestampType == TimestampType.LogAppendTime ? header.MaxTimestamp : SomeTime;
    }

    private static string TopicOf(string config) => config switch
    {
        "" => "plain",
        "{cleanup.policy=compact}" => "compact",
        _ => config,
    };

    private static ProduceSettings SettingsOf(string config)
    {
        var settings = new ProduceSettings();
        foreach (var entry in config.Trim('{', '}').Split(", ", StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = entry.Split('=');
            var number = long.TryParse(pair[1], CultureInfo.InvariantCulture, out var n) ? n : 0;
            settings = pair[0] switch
            {
                "cleanup.policy" => settings with { RequiresKeys = pair[1].Contains("compact", StringComparison.Ordinal) },
                "message.timestamp.type" => settings with { TimestampType = Enum.Parse<TimestampType>(pair[1]) },
                "message.timestamp.before.max.ms" => settings with { TimestampBeforeMaxMs = number },
                "max.message.bytes" => settings with { MaxMessageBytes = (int)number },
                "max.decompressed.message.bytes" => settings with { MaxDecompressedMessageBytes = (int)number },
                "segment.bytes" => settings with { SegmentBytes = (int)number },
                "compression.type" => settings with { Codec = pair[1] == "uncompressed" ? CompressionType.None : Enum.Parse<CompressionType>(pair[1], true) },
                _ => throw new InvalidOperationException($"a topic setting that this test does not know: {pair[0]}"),
            };
        }
        return settings;
    }

    [GeneratedRegex(@"within \[-?\d+, (\d+)\]")]
    private static partial Regex LatestAllowed();
}
