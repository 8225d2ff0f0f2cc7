using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

/// <summary>Every batch of golden/batches/batches.tsv decodes to its JSON, and what we write of the same records is the same.</summary>
public class GoldenBatchTests
{
    [Fact]
    public void Every_batch_decodes_to_its_meaning_over_any_segments() => CheckDecoding(KafkaReference.Table("golden", "batches", "batches.tsv"));

    [Fact]
    public void Every_batch_is_written_again_to_the_same_bytes_or_where_compressed_to_the_same_meaning() =>
        CheckEncoding(KafkaReference.Table("golden", "batches", "batches.tsv"));

    [Fact]
    public void The_batches_that_are_checked_in_do_both()
    {
        CheckDecoding(SampleBatches.Table("batches.tsv"));
        CheckEncoding(SampleBatches.Table("batches.tsv"));
    }

    private static void CheckDecoding(IEnumerable<IReadOnlyDictionary<string, string>> table)
    {
        var failures = new List<string>();
        var rows = 0;
        foreach (var row in table)
        {
            rows++;
            var bytes = Convert.FromHexString(row["hex"]);
            using var expected = JsonDocument.Parse(row["json"]);
            for (var cut = 0; cut < 3; cut++)
            {
                var sequence = cut == 0 ? new ReadOnlySequence<byte>(bytes) : Segments.Cut(bytes, new Random(cut), 5 * cut);
                Collect(failures, row["name"], () =>
                {
                    var actual = BatchJson.Of(sequence);
                    if (!JsonElement.DeepEquals(expected.RootElement, actual)) Assert.Equal(row["json"], actual.GetRawText());
                });
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} failures in {rows} rows:\n{string.Join('\n', failures)}");
        Assert.NotEqual(0, rows);
    }

    private static void CheckEncoding(IEnumerable<IReadOnlyDictionary<string, string>> table)
    {
        var failures = new List<string>();
        int same = 0, compressed = 0;
        foreach (var row in table.Where(r => !r["name"].StartsWith("magic", StringComparison.Ordinal)))
        {
            Collect(failures, row["name"], () =>
            {
                var bytes = Convert.FromHexString(row["hex"]);
                var ours = Rewrite(bytes, out var isCompressed);
                if (isCompressed)
                {
                    compressed++;
                    Assert.True(JsonNode.DeepEquals(WithoutSums(row["json"]), WithoutSums(BatchJson.Of(new ReadOnlySequence<byte>(ours)).GetRawText())));
                }
                else
                {
                    same++;
                    Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(ours));
                }
            });
        }
        Assert.True(failures.Count == 0, $"{failures.Count} failures:\n{string.Join('\n', failures)}");
        Assert.True(same > 0 && compressed > 0);
    }

    private static void Collect(List<string> failures, string name, Action check)
    {
        try
        {
            check();
        }
        catch (Exception e)
        {
            var text = e.Message.ReplaceLineEndings(" ");
            failures.Add($"{name}: {e.GetType().Name} {text[..Math.Min(400, text.Length)]}");
        }
    }

    private static byte[] Rewrite(byte[] bytes, out bool isCompressed)
    {
        isCompressed = false;
        using var output = new PooledBuffer();
        foreach (var batch in RecordBatchEnumerator.Over(bytes))
        {
            var header = batch.Header;
            isCompressed |= header.Codec != CompressionType.None;
            using var builder = new RecordBatchBuilder
            {
                BaseOffset = header.BaseOffset,
                PartitionLeaderEpoch = header.PartitionLeaderEpoch,
                Codec = header.Codec,
                TimestampType = header.TimestampType,
                BaseTimestamp = header.BaseTimestamp,
                MaxTimestamp = header.MaxTimestamp,
                LastOffsetDelta = header.LastOffsetDelta,
                ProducerId = header.ProducerId,
                ProducerEpoch = header.ProducerEpoch,
                BaseSequence = header.BaseSequence,
                IsTransactional = header.IsTransactional,
                IsControl = header.IsControl,
                DeleteHorizonMs = header.HasDeleteHorizon ? header.BaseTimestamp : null,
            };
            using var reader = new RecordBatchReader(batch);
            while (reader.MoveNext())
            {
                var record = reader.Current;
                var timestamp = header.BaseTimestamp + record.TimestampDelta;
                if (header.IsControl && ControlRecords.TryReadType(record.Key, out var type)
                    && ControlRecords.TryReadValue(type, record.Value, out var message, out _))
                {
                    ControlRecords.Append(builder, record.OffsetDelta, timestamp, type, message!);
                    continue;
                }
                var headers = new List<RecordHeader>();
                foreach (var h in record.Headers) headers.Add(new RecordHeader(h.Key.ToArray(), h.Value.IsNull ? null : h.Value.Span.ToArray()));
                builder.AppendAt(record.OffsetDelta, timestamp, record.Key, record.Value, headers.ToArray());
            }
            builder.WriteTo(output);
        }
        return output.WrittenSpan.ToArray();
    }

    private static JsonNode WithoutSums(string json)
    {
        var node = JsonNode.Parse(json)!;
        foreach (var batch in node.AsArray())
        {
            batch!.AsObject().Remove("crc");
            batch.AsObject().Remove("sizeInBytes");
        }
        return node;
    }
}
