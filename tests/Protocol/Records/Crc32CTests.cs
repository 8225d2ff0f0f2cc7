using System.Text;
using KafkaCompat.Protocol.Checksums;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

public class Crc32CTests
{
    [Fact]
    public void The_standard_check_value_is_right() =>
        Assert.Equal(0xE3069283u, Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")));

    [Fact]
    public void The_instruction_and_the_tables_agree_at_every_length_around_the_blocks()
    {
        var data = new byte[3 * 3 * Crc32C.LongBlock + 777];
        new Random(1).NextBytes(data);
        int[] near = [0, 8, 3 * Crc32C.ShortBlock, 6 * Crc32C.ShortBlock, 3 * Crc32C.LongBlock, 3 * Crc32C.LongBlock + 3 * Crc32C.ShortBlock, data.Length - 40];
        foreach (var length in near.SelectMany(n => Enumerable.Range(Math.Max(0, n - 9), 40)).Where(n => n <= data.Length))
        {
            var span = data.AsSpan(data.Length - length);
            Assert.Equal(~Crc32CTables.Update(~0u, span), Crc32C.Compute(span));
        }
    }

    [Fact]
    public void A_sum_can_be_taken_in_parts_and_over_segments()
    {
        var data = new byte[50_000];
        new Random(2).NextBytes(data);
        var whole = Crc32C.Compute(data);
        var random = new Random(3);
        for (var i = 0; i < 100; i++)
        {
            var cut = random.Next(data.Length);
            Assert.Equal(whole, Crc32C.Append(Crc32C.Compute(data.AsSpan(0, cut)), data.AsSpan(cut)));
            Assert.Equal(whole, Crc32C.Compute(Segments.Cut(data, random, 7)));
        }
    }
}
