using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// A decision as batches of the metadata log, none larger than a reader of the log has to take. What fits into one batch is one, and so is all there or none.
/// A request that does not fit is refused, as Kafka does: it can ask for less. What follows from the life of a broker cannot (one that leaves has a record for
/// each of its partitions), and is made as a row of batches; as a metadata transaction where metadata.version has them, so that every reader takes it over as a
/// whole, and a new leader ends one that its predecessor could not.
/// </summary>
public static class DecisionBatches
{
    /// <summary>The batches of a decision; null where it cannot be made.</summary>
    public static IReadOnlyList<IReadOnlyList<VersionedRecord>>? Of(IReadOnlyList<VersionedRecord> records, bool isAtomic, MetadataImage image)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(image);
        if (records.Count == 0)
        {
            return [];
        }

        if (QuorumBatchCodec.SizeOf(records) <= QuorumBatchCodec.MaxBatchBytes)
        {
            return [records];
        }

        if (isAtomic || Pieces(records) is not { } pieces)
        {
            return null;
        }

        return image.MetadataVersion.IsMetadataTransactionSupported
            ? [[new(new BeginTransactionRecord { Name = "Decision" }, 0)], .. pieces, [new(new EndTransactionRecord(), 0)]]
            : pieces;
    }

    /// <summary>Null where one record alone is too large.</summary>
    private static List<IReadOnlyList<VersionedRecord>>? Pieces(IReadOnlyList<VersionedRecord> records)
    {
        var pieces = new List<IReadOnlyList<VersionedRecord>>();
        var piece = new List<VersionedRecord>();
        long size = QuorumBatchCodec.SizeOf([]), bytes = size;
        foreach (var record in records)
        {
            var added = QuorumBatchCodec.SizeOf(record);
            if (size + added > QuorumBatchCodec.MaxBatchBytes)
            {
                return null;
            }

            if (bytes + added > QuorumBatchCodec.MaxBatchBytes)
            {
                pieces.Add(piece);
                piece = [];
                bytes = size;
            }

            piece.Add(record);
            bytes += added;
        }

        pieces.Add(piece);
        return pieces;
    }
}
