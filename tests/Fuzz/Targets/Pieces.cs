using System.Buffers;

namespace KafkaCompat.Fuzz.Targets;

/// <summary>Memory in pieces, as a pipe delivers it.</summary>
internal sealed class Pieces : ReadOnlySequenceSegment<byte>
{
    private Pieces(ReadOnlyMemory<byte> memory, long runningIndex)
    {
        Memory = memory;
        RunningIndex = runningIndex;
    }

    public static ReadOnlySequence<byte> Cut(byte[] bytes, int size)
    {
        var first = new Pieces(default, 0);
        var last = first;
        for (var at = 0; at < bytes.Length; at += size)
        {
            var next = new Pieces(bytes.AsMemory(at, Math.Min(size, bytes.Length - at)), at);
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
