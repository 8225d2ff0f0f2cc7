using System.Buffers.Binary;

namespace KafkaCompat.Fuzz.Engine;

/// <summary>
/// Changes bytes the way that hurts readers of lengths and counts: numbers of every width and both byte orders moved to their edges and to what is left of the
/// input, variable-length numbers rewritten at another length, tagged fields put where there are none, runs cut and doubled with the length before them
/// kept right, and parts of other inputs put in.
/// </summary>
internal sealed class Mutator(Random random)
{
    /// <summary>Larger inputs find nothing that smaller ones do not, and cost more.</summary>
    public const int MaxBytes = 16 * 1024;

    private static readonly long[] Edges =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 100, 126, 127, 128, 129, 255, 256, 1000, 1024, 4095, 4096, 10_000, 10_001, 16_383, 16_384, 32_767, 32_768,
        65_535, 65_536,
        1_000_000, 1_000_001, 16_777_216, int.MaxValue - 1, int.MaxValue, 1L + int.MaxValue, uint.MaxValue, long.MaxValue, -1, -2, -3, -128, short.MinValue,
        int.MinValue, long.MinValue,
    ];

    private readonly List<byte> _bytes = new(MaxBytes);

    /// <summary>A changed copy; <paramref name="other"/> gives parts.</summary>
    public byte[] Mutate(byte[] original, byte[] other)
    {
        _bytes.Clear();
        _bytes.AddRange(original);
        for (var changes = 1 << random.Next(0, 4); changes > 0; changes--)
        {
            Change(other);
        }

        if (_bytes.Count > MaxBytes)
        {
            _bytes.RemoveRange(MaxBytes, _bytes.Count - MaxBytes);
        }

        return [.. _bytes];
    }

    private void Change(byte[] other)
    {
        if (_bytes.Count == 0)
        {
            _bytes.AddRange(other);
            if (_bytes.Count == 0)
            {
                _bytes.Add((byte)random.Next(256));
            }

            return;
        }

        var at = random.Next(_bytes.Count);
        switch (random.Next(15))
        {
            case 0: _bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: _bytes[at] = (byte)random.Next(256); break;
            case 2: _bytes[at] = (byte)(_bytes[at] + random.Next(-35, 36)); break;
            case 3 or 4: Overwrite(at); break;
            case 5 or 6: RewriteVarint(at); break;
            case 7: AddTag(at); break;
            case 8: Remove(at, RunLength(at)); break;
            case 9: _bytes.InsertRange(at, Enumerable.Repeat((byte)Pick(Edges), random.Next(1, 1 << random.Next(1, 9)))); break;
            case 10: Double(at); break;
            case 11: Splice(at, other); break;
            case 12 or 13: ResizeCounted(at); break;
            default:
                if (random.Next(4) == 0)
                {
                    Remove(at, _bytes.Count - at);
                }

                break;
        }
    }

    private long Number(int at) => random.Next(4) switch
    {
        0 => _bytes.Count - at + random.Next(-9, 4),
        1 => random.Next(0, 300),
        _ => Pick(Edges) + random.Next(-1, 2),
    };

    private void Overwrite(int at)
    {
        Span<byte> number = stackalloc byte[8];
        var width = 1 << random.Next(1, 4);
        var value = Number(at);
        if (random.Next(8) == 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
        }
        else
        {
            BinaryPrimitives.WriteInt64BigEndian(number, value << (64 - (8 * width)));
        }

        for (var i = 0; i < width && at + i < _bytes.Count; i++)
        {
            _bytes[at + i] = number[i];
        }
    }

    private void RewriteVarint(int at)
    {
        var length = 1;
        while (length < 10 && at + length < _bytes.Count && _bytes[at + length - 1] >= 0x80)
        {
            length++;
        }

        var value = Number(at);
        var bits = random.Next(2) == 0 ? (ulong)value : (ulong)((value << 1) ^ (value >> 63));
        Remove(at, length);
        _bytes.InsertRange(at, Varint(random.Next(3) == 0 ? bits : (uint)bits));
    }

    private byte[] Varint(ulong value)
    {
        var bytes = new List<byte>(11);
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        bytes.Add((byte)value);
        if (random.Next(10) == 0)
        {
            // The same number, padded.
            bytes[^1] |= 0x80;
            bytes.Add(0);
        }

        return [.. bytes];
    }

    /// <summary>An empty section of tagged fields is a zero: one field is put into it.</summary>
    private void AddTag(int at)
    {
        var zero = _bytes.IndexOf(0, at);
        if (zero < 0)
        {
            return;
        }

        var data = new byte[random.Next(12)];
        random.NextBytes(data);
        _bytes.RemoveAt(zero);
        _bytes.InsertRange(zero, [1, .. Varint((ulong)random.Next(random.Next(2) == 0 ? 8 : 20_000)), (byte)data.Length, .. data]);
    }

    private void Double(int at)
    {
        var length = RunLength(at);
        var run = _bytes.GetRange(at, length);
        for (var copies = random.Next(1, 1 << random.Next(1, 6)); copies > 0 && _bytes.Count + length <= MaxBytes; copies--)
        {
            _bytes.InsertRange(at, run);
        }

        // The byte before may be a count.
        if (at > 0 && random.Next(2) == 0)
        {
            _bytes[at - 1]++;
        }
    }

    private void Splice(int at, byte[] other)
    {
        if (other.Length == 0)
        {
            return;
        }

        var from = random.Next(other.Length);
        var length = random.Next(1, Math.Min(other.Length - from, 1 << random.Next(1, 12)) + 1);
        if (random.Next(2) == 0)
        {
            Remove(at, length);
        }

        _bytes.InsertRange(Math.Min(at, _bytes.Count), other.AsSpan(from, length).ToArray());
    }

    /// <summary>Takes the number at a place for a length, changes the size of what it counts, and the number with it.</summary>
    private void ResizeCounted(int at)
    {
        var kind = random.Next(4);
        var width = kind switch { 0 => 4, 1 => 2, _ => 1 };
        if (at + width > _bytes.Count)
        {
            return;
        }

        var length = 0;
        for (var i = 0; i < width; i++)
        {
            length = (length << 8) | _bytes[at + i];
        }

        // A byte is a varint of one byte, as lengths in flexible versions are, which count from one, and as those of protocol buffers are.
        var less = kind == 3 ? 1 : 0;
        length -= less;
        if (length <= 0 || length > _bytes.Count - at - width || (width == 1 && length > 120))
        {
            return;
        }

        var inside = at + width + random.Next(length);
        var change = random.Next(2) == 0 ? -random.Next(1, at + width + length - inside + 1) : random.Next(1, width == 1 ? 127 - length : 300);
        if (change < 0)
        {
            Remove(inside, -change);
        }
        else
        {
            _bytes.InsertRange(inside, Enumerable.Repeat(_bytes[inside], change));
        }

        var changed = length + change + less;
        for (var i = width - 1; i >= 0; i--)
        {
            _bytes[at + i] = (byte)changed;
            changed >>= 8;
        }
    }

    private int RunLength(int at) => Math.Min(_bytes.Count - at, random.Next(1, 1 << random.Next(1, 8)));

    private void Remove(int at, int length)
    {
        if (at < _bytes.Count)
        {
            _bytes.RemoveRange(at, Math.Min(length, _bytes.Count - at));
        }
    }

    private T Pick<T>(T[] values) => values[random.Next(values.Length)];
}
