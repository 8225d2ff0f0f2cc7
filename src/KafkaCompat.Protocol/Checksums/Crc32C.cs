using System.Buffers;
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

    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    public static uint Compute(in ReadOnlySequence<byte> data) => Append(0, data);

    /// <summary>The checksum of the bytes that gave <paramref name="crc"/>, followed by <paramref name="data"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data) => ~(
        Sse42.X64.IsSupported ? UpdateWith<X64>(~crc, data)
        : ArmCrc32.Arm64.IsSupported ? UpdateWith<Arm64>(~crc, data)
        : Crc32CTables.Update(~crc, data));

    public static uint Append(uint crc, in ReadOnlySequence<byte> data)
    {
        if (data.IsSingleSegment) return Append(crc, data.FirstSpan);
        foreach (var segment in data) crc = Append(crc, segment.Span);
        return crc;
    }

    private static uint UpdateWith<TInstruction>(uint crc, ReadOnlySpan<byte> data)
        where TInstruction : struct, IInstruction
    {
        if (data.Length >= 3 * LongBlock) crc = UpdateThreeWay<TInstruction>(crc, ref data, LongBlock, LongShift);
        if (data.Length >= 3 * ShortBlock) crc = UpdateThreeWay<TInstruction>(crc, ref data, ShortBlock, ShortShift);
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(data)) crc = TInstruction.Next(crc, word);
        foreach (var b in data[(data.Length & ~7)..]) crc = TInstruction.Next(crc, b);
        return crc;
    }

    private static uint UpdateThreeWay<TInstruction>(uint crc, ref ReadOnlySpan<byte> data, int block, uint[] shift)
        where TInstruction : struct, IInstruction
    {
        var words = block / 8;
        while (data.Length >= 3 * block)
        {
            uint b = 0, c = 0;
            ref var start = ref MemoryMarshal.GetReference(data);
            // Within bounds: the loop's condition holds three blocks, and a block is a whole number of words.
            for (var i = 0; i < words; i++)
            {
                ref var at = ref Unsafe.Add(ref start, i * 8);
                crc = TInstruction.Next(crc, Unsafe.ReadUnaligned<ulong>(ref at));
                b = TInstruction.Next(b, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, block)));
                c = TInstruction.Next(c, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 2 * block)));
            }
            crc = Crc32CTables.Advance(Crc32CTables.Advance(crc, shift) ^ b, shift) ^ c;
            data = data[(3 * block)..];
        }
        return crc;
    }

    /// <summary>
    /// The instruction itself and not BitOperations, which asks in each step of a native binary's loops whether the processor has it, for half of the speed.
    /// Both processors that have it are little-endian.
    /// </summary>
    private interface IInstruction
    {
        static abstract uint Next(uint crc, ulong word);

        static abstract uint Next(uint crc, byte data);
    }

    private readonly struct X64 : IInstruction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Next(uint crc, ulong word) => (uint)Sse42.X64.Crc32(crc, word);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Next(uint crc, byte data) => Sse42.Crc32(crc, data);
    }

    private readonly struct Arm64 : IInstruction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Next(uint crc, ulong word) => ArmCrc32.Arm64.ComputeCrc32C(crc, word);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint Next(uint crc, byte data) => ArmCrc32.ComputeCrc32C(crc, data);
    }
}
