using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// Segments of a log that stand one behind another, as they were at one moment. Whoever makes others of them gives them back to have them replaced.
/// </summary>
/// <param name="Segments">In the order of their offsets.</param>
/// <param name="Cuts">How often the log had been cut within a segment by then: what was made of a segment that was cut since is of no use.</param>
internal readonly record struct SegmentRange(LogSegment[] Segments, long Cuts)
{
    public SegmentRange Slice(int start, int count) => this with { Segments = Segments[start..(start + count)] };
}
