namespace KafkaCompat.Storage.Segments;

/// <summary>What readers may see: everything before this offset, which in its segment is everything before this position.</summary>
internal sealed record LogEnd(long Offset, LogSegment Segment, long Position);
