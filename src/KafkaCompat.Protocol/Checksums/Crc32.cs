namespace KafkaCompat.Protocol.Checksums;

/// <summary>CRC-32 as gzip and messages of magic 0 and 1 use it. Neither is on the path of a plain batch, so tables are fast enough.</summary>
public static class Crc32
{
    private static readonly uint[] Tables = Crc32CTables.BuildBytes(0xEDB88320);

    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    public static uint Append(uint crc, ReadOnlySpan<byte> data) => ~Crc32CTables.Update(~crc, data, Tables);
}
