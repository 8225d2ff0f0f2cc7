using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ArmCrc32 = System.Runtime.Intrinsics.Arm.Crc32;
using Sse42 = System.Runtime.Intrinsics.X86.Sse42;

namespace KafkaCompat.Protocol.Checksums;

/// <summary>
/// CRC-32C (Castagnoli), the checksum of record batches and of producer snapshots.
/// </summary>
/// <remarks>
/// The processor's instruction takes three cycles but a new one starts in each, so one chain leaves two thirds of the unit idle. Large inputs
/// are therefore cut into three neighbouring blocks that are summed side by side; the sums are joined by advancing one over as many zero
/// bytes as the next block is long, which is a multiplication by a constant in GF(2) and done with four table look-ups.
/// </remarks>
public static class Crc32C
{
    /// <summary>Three of these are summed side by side while the input lasts.</summary>
    internal const int LongBlock = 4096;

    /// <summary>The same for what remains below three long blocks.</summary>
    internal const int ShortBlock = 256;

    private static readonly uint[] LongShift = Crc32CTables.Shift(LongBlock);
    private static readonly uint[] ShortShift = Crc32CTables.Shift(ShortBlock);

    private static bool HasInstruction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sse42.X64.IsSupported || ArmCrc32.Arm64.IsSupported;
    }

    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    public static uint Compute(in ReadOnlySequence<byte> data) => Append(0, data);

    /// <summary>The checksum of the bytes that gave <paramref name="crc"/>, followed by <paramref name="data"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data) =>
        ~(HasInstruction ? UpdateWithInstruction(~crc, data) : Crc32CTables.Update(~crc, data));

    public static uint Append(uint crc, in ReadOnlySequence<byte> data)
    {
        if (data.IsSingleSegment) return Append(crc, data.FirstSpan);
        foreach (var segment in data) crc = Append(crc, segment.Span);
        return crc;
    }

    private static uint UpdateWithInstruction(uint crc, ReadOnlySpan<byte> data)
    {
        if (data.Length >= 3 * LongBlock) crc = UpdateThreeWay(crc, ref data, LongBlock, LongShift);
        if (data.Length >= 3 * ShortBlock) crc = UpdateThreeWay(crc, ref data, ShortBlock, ShortShift);
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(data)) crc = BitOperations.Crc32C(crc, LittleEndian(word));
        foreach (byte b in data[(data.Length & ~7)..]) crc = BitOperations.Crc32C(crc, b);
        return crc;
    }

    private static uint UpdateThreeWay(uint crc, ref ReadOnlySpan<byte> data, int block, uint[] shift)
    {
        int words = block / 8;
        while (data.Length >= 3 * block)
        {
            uint b = 0, c = 0;
            ref byte start = ref MemoryMarshal.GetReference(data);
            // Within bounds: the loop's condition holds three blocks, and a block is a whole number of words.
            for (int i = 0; i < words; i++)
            {
                ref byte at = ref Unsafe.Add(ref start, i * 8);
                crc = BitOperations.Crc32C(crc, LittleEndian(Unsafe.ReadUnaligned<ulong>(ref at)));
                b = BitOperations.Crc32C(b, LittleEndian(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, block))));
                c = BitOperations.Crc32C(c, LittleEndian(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 2 * block))));
            }
            crc = Crc32CTables.Advance(Crc32CTables.Advance(crc, shift) ^ b, shift) ^ c;
            data = data[(3 * block)..];
        }
        return crc;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong LittleEndian(ulong word) => BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
}
