using System.Buffers;

namespace KafkaCompat.Protocol.Compression;

internal static class SequenceExtensions
{
    /// <summary>The same bytes, from the first segment on that has any: so an empty first span means that nothing is left.</summary>
    public static ReadOnlySequence<byte> SkipEmptySegments(this in ReadOnlySequence<byte> sequence)
    {
        if (!sequence.FirstSpan.IsEmpty) return sequence;
        SequencePosition next = sequence.Start, current = next;
        while (sequence.TryGet(ref next, out var memory))
        {
            if (!memory.IsEmpty) return sequence.Slice(current);
            current = next;
        }
        return default;
    }
}
