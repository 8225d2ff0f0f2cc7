using System.Buffers.Binary;

namespace KafkaCompat.Protocol.Checksums;

/// <summary>
/// What CRC-32C needs besides the instruction: tables for machines without it, and for advancing a sum over zero bytes.
/// A sum is a polynomial over GF(2) in reflected order: its highest bit is the coefficient of x^0.
/// </summary>
internal static class Crc32CTables
{
    private const uint Polynomial = 0x82F63B78;

    /// <summary>Row k, column b: the sum of byte b followed by k zero bytes. Eight rows take eight bytes in one step.</summary>
    private static readonly uint[] Bytes = BuildBytes(Polynomial);

    /// <summary>The software path; the sum is not complemented here.</summary>
    public static uint Update(uint crc, ReadOnlySpan<byte> data) => Update(crc, data, Bytes);

    /// <summary>The same with the tables of any polynomial.</summary>
    public static uint Update(uint crc, ReadOnlySpan<byte> data, uint[] tables)
    {
        var t = tables;
        while (data.Length >= 8)
        {
            var low = crc ^ BinaryPrimitives.ReadUInt32LittleEndian(data);
            var high = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            crc = t[1792 + (low & 0xff)] ^ t[1536 + ((low >> 8) & 0xff)] ^ t[1280 + ((low >> 16) & 0xff)] ^ t[1024 + (low >> 24)]
                ^ t[768 + (high & 0xff)] ^ t[512 + ((high >> 8) & 0xff)] ^ t[256 + ((high >> 16) & 0xff)] ^ t[high >> 24];
            data = data[8..];
        }
        foreach (var b in data) crc = (crc >> 8) ^ t[(crc ^ b) & 0xff];
        return crc;
    }

    /// <summary>The table that advances a sum over <paramref name="zeroBytes"/> zero bytes: a row for each byte of the sum.</summary>
    public static uint[] Shift(int zeroBytes)
    {
        var factor = Power(8L * zeroBytes);
        var table = new uint[4 * 256];
        for (var row = 0; row < 4; row++)
        {
            for (uint b = 0; b < 256; b++)
                table[row * 256 + b] = Multiply(factor, b << (8 * row));
        }

        return table;
    }

    public static uint Advance(uint crc, uint[] shift) =>
        shift[crc & 0xff] ^ shift[256 + ((crc >> 8) & 0xff)] ^ shift[512 + ((crc >> 16) & 0xff)] ^ shift[768 + (crc >> 24)];

    /// <summary>x^n modulo the polynomial, by repeated squaring.</summary>
    private static uint Power(long n)
    {
        uint result = 1u << 31, square = 1u << 30;
        for (; n > 0; n >>= 1)
        {
            if ((n & 1) != 0) result = Multiply(result, square);
            square = Multiply(square, square);
        }
        return result;
    }

    private static uint Multiply(uint a, uint b)
    {
        uint product = 0;
        for (var bit = 1u << 31; bit != 0; bit >>= 1)
        {
            if ((a & bit) != 0) product ^= b;
            b = (b & 1) != 0 ? (b >> 1) ^ Polynomial : b >> 1;
        }
        return product;
    }

    public static uint[] BuildBytes(uint polynomial)
    {
        var table = new uint[8 * 256];
        for (uint b = 0; b < 256; b++)
        {
            var crc = b;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ polynomial : crc >> 1;
            table[b] = crc;
        }
        for (var i = 256; i < table.Length; i++) table[i] = (table[i - 256] >> 8) ^ table[table[i - 256] & 0xff];
        return table;
    }
}
