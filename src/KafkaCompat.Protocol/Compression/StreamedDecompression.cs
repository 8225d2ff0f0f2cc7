namespace KafkaCompat.Protocol.Compression;

/// <summary>Reads a decompressing stream to its end, or to the limit.</summary>
internal static class StreamedDecompression
{
    private const int ChunkBytes = 16 * 1024;

    public static DecompressionResult Drain(Stream stream, PooledBuffer output, int maxOutputBytes)
    {
        long room = maxOutputBytes;
        while (true)
        {
            var span = output.GetSpan((int)Math.Min(ChunkBytes, room + 1));
            // One byte more than there is room for tells an end at the limit from a bomb.
            int read = stream.Read(span[..(int)Math.Min(span.Length, room + 1)]);
            if (read == 0) return DecompressionResult.Done;
            if (read > room) return DecompressionResult.TooLarge;
            room -= read;
            output.Advance(read);
        }
    }
}
