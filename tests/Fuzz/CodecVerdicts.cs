using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Fuzz;

/// <summary>
/// <c>-- verdicts PAYLOADS ANSWERS</c>: what this broker answers to batches with these compressed payloads. compat-tests/verdicts.py makes the payloads and
/// compares the answers with those of Apache Kafka's own classes.
/// </summary>
/// <remarks>A payload is a codec (a byte), the number of records (four), its length (four) and its bytes. An answer is a line: the error code for a topic that
/// keeps the batch as it is, and for one that stores it uncompressed.</remarks>
internal static class CodecVerdicts
{
    public const string Argument = "verdicts";

    private const int HeadBytes = 9;
    private const long NowMs = 1_795_382_605_704;

    private static readonly ProduceSettings AsItComes = new(), Uncompressed = new() { Codec = CompressionType.None };

    public static void Run(string payloads, string answers)
    {
        ReadOnlySpan<byte> rest = File.ReadAllBytes(payloads);
        using var lines = new StreamWriter(answers);
        while (!rest.IsEmpty)
        {
            int count = BinaryPrimitives.ReadInt32BigEndian(rest[1..]), length = BinaryPrimitives.ReadInt32BigEndian(rest[5..]);
            var batch = CompressedBatch.Of((CompressionType)rest[0], count, rest.Slice(HeadBytes, length));
            rest = rest[(HeadBytes + length)..];
            lines.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Answer([.. batch], AsItComes)} {Answer(batch, Uncompressed)}"));
        }
    }

    private static short Answer(byte[] batch, ProduceSettings settings)
    {
        var rules = new ProduceBatchRules(ProduceBatchRules.FirstVersionWithZstd, "t", 0, settings with { MaxMessageBytes = int.MaxValue }, NowMs);
        using var verdict = ProduceBatchValidator.Validate(new ReadOnlySequence<byte>(batch), rules);
        return (short)verdict.Error;
    }
}
