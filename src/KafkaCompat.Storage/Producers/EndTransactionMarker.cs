using System.Buffers.Binary;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Producers;

/// <summary>The one record of a control batch that ends a transaction.</summary>
internal readonly record struct EndTransactionMarker(bool IsCommit, int CoordinatorEpoch, long Timestamp)
{
    private const short AbortType = 0;
    private const short CommitType = 1;

    /// <summary>False where the control batch is of another kind (leader changes, snapshot headers) or cannot be read.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> batch, out EndTransactionMarker marker)
    {
        marker = default;
        using var reader = RecordBatchReader.Over(batch);
        if (!reader.MoveNext())
            return false;
        var key = reader.Current.Key.Span;
        var value = reader.Current.Value.Span;
        if (key.Length < 4 || value.Length < 6)
            return false;
        var type = BinaryPrimitives.ReadInt16BigEndian(key[2..]);
        if (type is not (AbortType or CommitType))
            return false;
        marker = new EndTransactionMarker(type == CommitType, BinaryPrimitives.ReadInt32BigEndian(value[2..]), reader.Current.Timestamp);
        return true;
    }
}
