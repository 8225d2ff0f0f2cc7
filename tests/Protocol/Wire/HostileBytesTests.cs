using System.Buffers;
using KafkaCompat.Protocol.Tests.Golden;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Wire;

/// <summary>
/// Bytes that were a message once, and bytes made to cost: no exception but the typed one, no allocation past the bound, and a stable meaning.
/// </summary>
public class HostileBytesTests
{
    private const int Seed = 20261122;
    private const int MutationsPerRow = 8;
    private const int BombBytes = 48 * 1024;
    private const long SetAside = 256 * 1024;

    [Fact]
    public void Damaged_messages_fail_typed_or_mean_one_thing()
    {
        var random = new Random(Seed);
        int accepted = 0, refused = 0;
        foreach (var (type, row) in GoldenCorpus.Rows())
        {
            var read = MessageTypes.Reader(type);
            for (var i = 0; i < MutationsPerRow; i++)
            {
                var bytes = Mutate(row.Bytes, random);
                if (TryRead(read, bytes, row.Version, $"{row} mutation {i} of seed {Seed}") is not { } message)
                {
                    refused++;
                    continue;
                }

                accepted++;
                var once = GoldenRow.Write(message, row.Version);
                Assert.Equal(once.Length, message.GetSize(row.Version));
                var reader = new WireReader(once, keepUnknownTags: true);
                var again = read(ref reader, row.Version);
                Assert.Equal(0, reader.Remaining);
                Assert.Equal(GoldenRow.ToJson(message, row.Version), GoldenRow.ToJson(again, row.Version));
                Assert.Equal(Convert.ToHexString(once), Convert.ToHexString(GoldenRow.Write(again, row.Version)));
            }
        }

        Assert.True(accepted > 100 && refused > 100, $"{accepted} accepted, {refused} refused: the mutations do not try both");
    }

    [Fact]
    public void Bytes_made_to_cost_do_not()
    {
        // A run of one byte makes every count and length it can; after a long array's length it makes as many elements as there can be.
        byte[] fills = [0x00, 0x01, 0x02, 0x03, 0x7f, 0xff];
        byte[][] heads = [[], [0x00, 0x00, 0x80, 0x00], [0x80, 0x80, 0x02], [0x01, 0x80, 0x80, 0x02], [0x00, 0x00, 0x00, 0x01, 0x80, 0x80, 0x02]];
        foreach (var version in GoldenCorpus.Rows().Where(r => r.Row.Case == "default").Select(r => (r.Type, r.Row.Version)).Distinct())
        {
            var read = MessageTypes.Reader(version.Type);
            foreach (var head in heads)
            {
                foreach (var fill in fills)
                {
                    var bytes = new byte[BombBytes];
                    bytes.AsSpan().Fill(fill);
                    head.CopyTo(bytes, 0);
                    var what = $"{version.Type.Name} version {version.Version} head {Convert.ToHexString(head)} fill {fill:x2}";
                    _ = TryRead(read, bytes, version.Version, what);
                    // What is set aside for a message is all that it gets.
                    _ = TryRead(read, bytes, version.Version, what, maxCost: SetAside);
                }
            }
        }
    }

    private static IMessage? TryRead(ReadMessage read, byte[] bytes, short version, string what, long maxCost = long.MaxValue)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        IMessage? message = null;
        try
        {
            var reader = new WireReader(new ReadOnlySequence<byte>(bytes), keepUnknownTags: true, maxCost);
            message = read(ref reader, version);
        }
        catch (WireFormatException)
        {
            // Refused, which is one of the two right answers.
        }
        catch (Exception e)
        {
            Assert.Fail($"{what}: {Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, 2000)))}\n{e}");
        }

        var cost = GC.GetAllocatedBytesForCurrentThread() - before;
        var bound = Math.Min(maxCost, WireLimits.MostCost(bytes.Length)) + WireLimits.UncountedAllowance;
        Assert.True(cost <= bound, $"{what}: {bytes.Length} bytes allocated {cost}, the bound is {bound}");
        return message;
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = new List<byte>(original);
        for (var changes = random.Next(1, 4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = (byte[])[0, 1, 0x7f, 0x80, 0xff] is var edges ? edges[random.Next(5)] : default;
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 5), bytes.Count - at));
                    break;
                case 4:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }
}
