using System.Buffers;
using System.Globalization;
using KafkaCompat.Protocol.Records;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

/// <summary>
/// A batch of each codec with one byte of its compressed records changed, every byte in turn and by every bit, the checksum set right again: what Kafka
/// 4.4 answered to each (Samples/damaged-payloads.tsv) is the verdict here.
/// </summary>
public sealed class DamagedPayloadTests
{
    private static readonly int[] Changes = [1, 2, 4, 8, 16, 32, 64, 128, 255];

    /// <summary>
    /// Here the changed byte is the length of a record, which the codec stores as it is. Kafka steps over the fields and stores the batch, and no reader
    /// can read it afterwards: docs/differences.md names it.
    /// </summary>
    private static readonly (string Codec, int Position)[] RecordLengths =
        [("snappy", 22), ("snappy", 33), ("snappy", 44), ("lz4", 11), ("lz4", 22), ("lz4", 33), ("zstd", 9), ("zstd", 20), ("zstd", 31)];

    /// <summary>
    /// Here a field ends behind its record, and what Kafka takes for the next field is negative; we do not read on into the next record. Both refuse.
    /// </summary>
    private static readonly (string Codec, int Position, int Change)[] OtherRefusal = [("gzip", 18, 2), ("gzip", 20, 8)];

    [Fact]
    public void Every_damage_gets_the_verdict_of_Kafka()
    {
        var failures = new List<string>();
        var compared = 0;
        byte[] batch = [];
        foreach (var row in SampleBatches.Table("damaged-payloads.tsv"))
        {
            if (row["batch"].Length > 0) batch = Convert.FromHexString(row["batch"]);
            var position = int.Parse(row["position"], CultureInfo.InvariantCulture);
            var answers = row["answers"].Split(',');
            for (var i = 0; i < Changes.Length; i++)
            {
                compared++;
                var verdict = Verdict(batch, position, Changes[i]);
                var expected = answers[i];
                if (expected == "0" && verdict == 87 && RecordLengths.Contains((row["codec"], position))) continue;
                if (expected == "87" && verdict == -1 && OtherRefusal.Contains((row["codec"], position, Changes[i]))) continue;
                if (expected != verdict.ToString(CultureInfo.InvariantCulture))
                    failures.Add($"{row["codec"]} byte {position} ^ {Changes[i]}: {verdict} instead of {expected}");
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} of {compared}:\n{string.Join('\n', failures)}");
        Assert.Equal(1782, compared);
    }

    private static short Verdict(byte[] batch, int position, int change)
    {
        var damaged = batch.ToArray();
        damaged[RecordBatchHeader.Size + position] ^= (byte)change;
        RecordBatchPatch.SetCrc(damaged);
        var rules = new ProduceBatchRules(8, "t", 0, new ProduceSettings(), 1_795_382_605_704);
        using var verdict = ProduceBatchValidator.Validate(new ReadOnlySequence<byte>(damaged), rules);
        return (short)verdict.Error;
    }
}
