using System.Buffers;

namespace KafkaCompat.Protocol.Tests.Records;

/// <summary>Cuts bytes into segments at random places, empty segments included, as a pipe may hand them over.</summary>
internal sealed class Segments : ReadOnlySequenceSegment<byte>
{
    private Segments(ReadOnlyMemory<byte> memory, long runningIndex)
    {
        Memory = memory;
        RunningIndex = runningIndex;
    }

    public static ReadOnlySequence<byte> Cut(byte[] bytes, Random random, int pieces)
    {
        int[] cuts = [0, .. Enumerable.Range(0, pieces - 1).Select(_ => random.Next(bytes.Length + 1)).Order(), bytes.Length];
        return At(bytes, cuts);
    }

    public static ReadOnlySequence<byte> Every(byte[] bytes, int size) =>
        At(bytes, [.. Enumerable.Range(0, (bytes.Length + size - 1) / size).Select(i => i * size), bytes.Length]);

    private static ReadOnlySequence<byte> At(byte[] bytes, int[] cuts)
    {
        var first = new Segments(bytes.AsMemory(0, cuts.Length > 1 ? cuts[1] : 0), 0);
        var last = first;
        for (var i = 1; i + 1 < cuts.Length; i++)
        {
            var next = new Segments(bytes.AsMemory(cuts[i], cuts[i + 1] - cuts[i]), cuts[i]);
            last.Next = next;
            last = next;
        }
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
