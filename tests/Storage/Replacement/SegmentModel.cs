using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Tests.Replacement;

/// <summary>What one segment of a log has to hold.</summary>
internal sealed record SegmentModel(long BaseOffset, IReadOnlyList<byte[]> Batches, IReadOnlyList<AbortedTransaction> Aborted)
{
    public IEnumerable<byte> Bytes => Batches.SelectMany(static batch => batch);

    public static RecordBatchHeader Header(byte[] batch) => Tests.Batches.Header(batch);

    /// <summary>Its batches from the one that holds an offset, or is the first behind it, on.</summary>
    public byte[] From(long offset) => [.. Batches.SkipWhile(batch => Header(batch).LastOffset < offset).SelectMany(static batch => batch)];
}
