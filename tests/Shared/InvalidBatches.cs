using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using Xunit;

namespace KafkaCompat.Tests.Shared;

/// <summary>
/// Every produce request of golden/batches/invalid.tsv, each to a fresh partition: the node answers and stores what Kafka did.
/// Rows whose bytes the table shortens cannot be sent; rows of transactions need a coordinator that is not served.
/// </summary>
internal static partial class InvalidBatches
{
    /// <summary>Answered where Kafka never answers: the README names it.</summary>
    private static readonly string[] AnsweredBetter = ["null-records", "null-records-acks-0"];

    /// <summary>Refused where Kafka stores what no reader can read: a record's length disagrees with its fields.</summary>
    private static readonly string[] RefusedBetter = ["record-length-one-short-gzip", "record-length-one-long-gzip"];

    /// <summary>They begin with a transaction, which is not served: such batches are refused as from an unknown producer id.</summary>
    private static readonly string[] NeedTransactions =
    [
        "transactional-v12", "transactional-v11-partition-not-added", "transactional-v3-partition-not-added", "transactional-epoch-too-new",
        "transactional-then-plain-batch", "transactional-without-producer-id", "transactional-commit-marker-from-client",
    ];

    /// <summary>Sends every row to the node; fails with those whose answer or stored bytes differ.</summary>
    public static async Task Compare(IFrameNode node)
    {
        var rows = KafkaReference.Table("golden", "batches", "invalid.tsv").ToList();
        var failures = new List<string>();
        var compared = 0;
        var skipped = 0;
        // It was there where the rows were written; a partition that there is not would be told first.
        _ = await node.CreateTopic("__consumer_offsets", 1);
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            if (row["records"].Contains("...", StringComparison.Ordinal) || NeedTransactions.Contains(row["name"]))
            {
                skipped++;
                continue;
            }
            compared++;
            var topic = $"t{i}";
            var id = await node.CreateTopic(topic, 1, ConfigsOf(row["topicConfig"]));
            var difference = await Compare(node, row, topic, id);
            if (difference is not null) failures.Add($"{row["name"]}: {difference}");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{compared} rows compared, {skipped} of {rows.Count} cannot be sent, {failures.Count} differ");
        Assert.True(failures.Count == 0, $"{failures.Count} of {compared} differ:\n{string.Join('\n', failures)}");
    }

    private static async Task<string?> Compare(IFrameNode node, IReadOnlyDictionary<string, string> row, string topic, Uuid id)
    {
        var version = short.Parse(row["version"], CultureInfo.InvariantCulture);
        foreach (var before in row["before"].Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var earlier = await node.Connect().Ask<ProduceRequest, ProduceResponse>(Request(row, topic, id, version, Convert.FromHexString(before)), version);
            if (earlier.Responses[0].PartitionResponses[0].ErrorCode != ErrorCode.None)
                return $"a batch before was refused: {earlier.Responses[0].PartitionResponses[0].ErrorCode}";
        }
        var request = Request(row, topic, id, version, row["records"] == "null" ? null : Convert.FromHexString(row["records"]));
        Change(row["name"], request);
        var client = node.Connect();
        await client.Post(request, version);
        var answer = await Answer(client, version, silentFor: row["connection"] == "open, no answer" && !AnsweredBetter.Contains(row["name"]));
        var expected = AnsweredBetter.Contains(row["name"])
            ? (row["acks"] == "0" ? "closed||||||" : "answered|87 INVALID_RECORD|null|[]|-1|-1")
            : string.Join('|', row["connection"], row["error"], row["errorMessage"], row["recordErrors"], row["baseOffset"], row["logAppendTime"]);
        if (RefusedBetter.Contains(row["name"])) return answer == "answered|87 INVALID_RECORD|null|[]|-1|-1" ? null : answer;
        if (Comparable(answer) != Comparable(expected)) return $"\n    {answer}\n    instead of\n    {expected}";
        if (row["stored"].Contains("...", StringComparison.Ordinal)) return null;
        var stored = await Stored(node, topic);
        var isRebuilt = row["topicConfig"].Contains("compression.type", StringComparison.Ordinal);
        return (isRebuilt ? Records(stored) == Records(row["stored"])
            : SameBatches(stored, row["stored"], row["logAppendTime"] == "set" && row["topicConfig"].Contains("LogAppendTime", StringComparison.Ordinal)))
            ? null : $"\n    stored {stored}\n    instead {row["stored"]}";
    }

    private static async Task<string> Answer(IFrameClient client, short version, bool silentFor)
    {
        if (silentFor) return await client.StaysSilent(TimeSpan.FromMilliseconds(200)) ? "open, no answer|||||" : "answered or closed";
        var frame = await client.Receive();
        if (frame is null) return "closed|||||";
        var response = WireFrames.Decode<ProduceRequest, ProduceResponse>(frame, version);
        var all = response.Responses.SelectMany(topic => topic.PartitionResponses).ToList();
        return string.Join('|', "answered",
            string.Join(" | ", all.Select(p => $"{(short)p.ErrorCode} {KafkaName(p.ErrorCode)}")),
            string.Join(" | ", all.Select(p => p.ErrorMessage ?? "null")),
            string.Join(" | ",
                all.Select(p => JsonSerializer.Serialize(p.RecordErrors.Select(e => new { batchIndex = e.BatchIndex, message = e.BatchIndexErrorMessage })))),
            string.Join(" | ", all.Select(p => p.BaseOffset)),
            string.Join(" | ", all.Select(p => p.LogAppendTimeMs == -1 ? "-1" : "set")));
    }

    private static string KafkaName(ErrorCode code) =>
        code == ErrorCode.InvalidTopicException ? "INVALID_TOPIC_EXCEPTION" : Capital().Replace(code.ToString(), "_$0").TrimStart('_').ToUpperInvariant();

    /// <summary>Texts carry the clock, offsets in text the id of the partition: numbers of that size and names are left out of the comparison.</summary>
    private static string Comparable(string text) =>
        PartitionName().Replace(LongNumber().Replace(text.Replace("\\u0027", "'", StringComparison.Ordinal).TrimEnd('|'), "#"), "partition");

    private static async Task<string> Stored(IFrameNode node, string topic)
    {
        var request = new FetchRequest
        {
            Topics = { new() { Topic = topic, Partitions = { new() { Partition = 0, FetchOffset = 0, PartitionMaxBytes = 1 << 20 } } } },
        };
        var response = await node.Connect().Ask<FetchRequest, FetchResponse>(request, 12);
        var partition = response.Responses[0].Partitions[0];
        Assert.Equal(ErrorCode.None, partition.ErrorCode);
        return Convert.ToHexStringLower(partition.Records!.ToArray());
    }

    /// <summary>With log append time the time itself differs, and the checksum over it.</summary>
    private static bool SameBatches(string actual, string expected, bool timesDiffer)
    {
        if (!timesDiffer || actual.Length != expected.Length) return actual == expected;
        var (ours, theirs) = (Convert.FromHexString(actual), Convert.FromHexString(expected));
        for (var at = 0; at < ours.Length;)
        {
            if (!RecordBatchHeader.TryRead(ours.AsSpan(at), out var header)) return false;
            foreach (var (from, length) in new[] { (17, 4), (35, 8) })
            {
                ours.AsSpan(at + from, length).Clear();
                theirs.AsSpan(at + from, length).Clear();
            }
            at += header.SizeInBytes;
        }
        return ours.AsSpan().SequenceEqual(theirs);
    }

    /// <summary>What a batch says, whatever its compressed bytes are.</summary>
    private static string Records(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        _ = RecordBatchHeader.TryRead(bytes, out var header);
        var text = new StringBuilder(
            $"{header.BaseOffset} {header.LastOffsetDelta} {header.Attributes} {header.BaseTimestamp} {header.MaxTimestamp} {header.ProducerId} "
            + $"{header.RecordCount}");
        using var reader = RecordBatchReader.Over(bytes);
        while (reader.MoveNext())
        {
            text.Append(CultureInfo.InvariantCulture,
                $"; {reader.Current.Offset} {reader.Current.Timestamp} {Convert.ToHexString(reader.Current.Key.Span)} "
                    + $"{Convert.ToHexString(reader.Current.Value.Span)}");
        }

        return text.Append(reader.Fault).ToString();
    }

    private static ProduceRequest Request(IReadOnlyDictionary<string, string> row, string topic, Uuid id, short version, byte[]? records) => new()
    {
        Acks = short.Parse(row["acks"], CultureInfo.InvariantCulture),
        TimeoutMs = 120_000,
        TransactionalId = row["transactionalId"] == "null" ? null : row["transactionalId"],
        TopicData =
        {
            new()
            {
                Name = version >= 13 ? "" : topic,
                TopicId = version >= 13 ? id : default,
                PartitionData = { new() { Index = 0, Records = records is null ? null : RecordBytes.From(records.AsMemory()) } },
            },
        },
    };

    /// <summary>What the row's name says of the request around the batch.</summary>
    private static void Change(string name, ProduceRequest request)
    {
        var topic = request.TopicData[0];
        var partition = topic.PartitionData[0];
        switch (name)
        {
            case "timeout-minus-1": request.TimeoutMs = -1; break;
            case "unknown-topic" or "unknown-topic-acks-0": topic.Name = "no-such-topic"; break;
            case "unknown-partition": partition.Index = 99_999; break;
            case "partition-minus-1": partition.Index = -1; break;
            case "topic-name-empty": topic.Name = ""; break;
            case "topic-name-illegal": topic.Name = "a/b c"; break;
            case "topic-internal": topic.Name = "__consumer_offsets"; break;
            case "unknown-topic-id-v13": topic.TopicId = new Uuid(1, 2); break;
            case "zero-topic-id-v13": topic.TopicId = default; break;
            case "same-partition-twice": topic.PartitionData.Add(new() { Index = 0, Records = partition.Records }); break;
            case "same-topic-twice":
                request.TopicData.Add(
                new() { Name = topic.Name, PartitionData = { new() { Index = 0, Records = partition.Records } } }); break;
            case "good-and-bad-partition": topic.PartitionData.Add(new() { Index = 99_999, Records = partition.Records }); break;
            case "no-partitions": topic.PartitionData.Clear(); break;
            case "no-topics" or "no-topics-acks-0": request.TopicData.Clear(); break;
        }
    }

    private static (string, string)[] ConfigsOf(string text) =>
        [.. text.Trim('{', '}').Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).Select(pair => (pair[0], pair[1]))];

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();

    [GeneratedRegex("[0-9]{12,}")]
    private static partial Regex LongNumber();

    [GeneratedRegex("(t[0-9]+|invalid-[a-z-]+)-[0-9]+(?=[.' \"])")]
    private static partial Regex PartitionName();
}
