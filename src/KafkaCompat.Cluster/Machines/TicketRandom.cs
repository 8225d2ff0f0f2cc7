using System.Buffers.Binary;
using System.Security.Cryptography;

namespace KafkaCompat.Cluster.Machines;

/// <summary>
/// The chance of one decision. It follows from the machine's seed and the command's ticket alone: to draw changes nothing that another decision draws from, and
/// who decides the command again draws the same. Each block of it is the SHA-256 of seed, ticket and the block's number, so that ids which are drawn from it
/// are as good as the seed.
/// </summary>
internal sealed class TicketRandom : Random
{
    /// <summary>How much of chance a machine is given once: more than an id has.</summary>
    public const int SeedLength = 32;

    private readonly byte[] _input = new byte[SeedLength + sizeof(long) + sizeof(int)];
    private readonly byte[] _block = new byte[SHA256.HashSizeInBytes];
    private int _used = SHA256.HashSizeInBytes;
    private int _blocks;

    public TicketRandom(ReadOnlySpan<byte> seed, Ticket ticket)
        : base(0)
    {
        seed.CopyTo(_input);
        BinaryPrimitives.WriteInt64BigEndian(_input.AsSpan(SeedLength), ticket.Value);
    }

    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    public override void NextBytes(Span<byte> buffer)
    {
        for (var i = 0; i < buffer.Length; i++)
        {
            if (_used == _block.Length)
            {
                BinaryPrimitives.WriteInt32BigEndian(_input.AsSpan(SeedLength + sizeof(long)), _blocks++);
                SHA256.HashData(_input, _block);
                _used = 0;
            }

            buffer[i] = _block[_used++];
        }
    }

    public override int Next()
    {
        while (true)
        {
            var drawn = (int)(Draw() >> 33);
            if (drawn != int.MaxValue)
            {
                return drawn;
            }
        }
    }

    protected override double Sample() => (Draw() >> 11) * (1.0 / (1UL << 53));

    private ulong Draw()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        NextBytes(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
