using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// A snapshot file: a control batch (header, and the voters where they are dynamic), batches of records, a control batch (footer). The offsets in it
/// count from 0 and mean nothing.
/// </summary>
/// <param name="LastContainedLogTimestampMs">When the last record that it stands for was appended.</param>
/// <param name="KRaftVersion">0: static voters, which are not in it.</param>
/// <param name="Voters">Null where it does not say.</param>
/// <param name="Records">The records that lead to the image.</param>
public sealed record QuorumSnapshot(long LastContainedLogTimestampMs, short KRaftVersion, VoterSet? Voters, IReadOnlyList<VersionedRecord> Records)
{
    public void WriteTo(PooledBuffer to, SnapshotId id, long nowMs)
    {
        var header = new List<IMessage> { new SnapshotHeaderRecord { LastContainedLogTimestamp = LastContainedLogTimestampMs } };
        if (KRaftVersion > 0 && Voters is not null)
        {
            header.Add(new KRaftVersionRecord { KRaftVersion = KRaftVersion });
            header.Add(Voters.ToRecord());
        }

        var offset = QuorumBatchCodec.EncodeControl(header, 0, id.Epoch, nowMs, to).NextOffset;
        var batch = new List<VersionedRecord>();
        var bytes = QuorumBatchCodec.SizeOf(batch);
        foreach (var record in Records)
        {
            var size = QuorumBatchCodec.SizeOf(record);
            if (batch.Count > 0 && bytes + size > QuorumBatchCodec.MaxBatchBytes)
            {
                offset = QuorumBatchCodec.Encode(batch, offset, id.Epoch, nowMs, to).NextOffset;
                batch.Clear();
                bytes = QuorumBatchCodec.SizeOf(batch);
            }

            batch.Add(record);
            bytes += size;
        }

        if (batch.Count > 0)
        {
            offset = QuorumBatchCodec.Encode(batch, offset, id.Epoch, nowMs, to).NextOffset;
        }

        QuorumBatchCodec.EncodeControl([new SnapshotFooterRecord()], offset, id.Epoch, nowMs, to);
    }

    public static QuorumSnapshot Read(ReadOnlyMemory<byte> bytes)
    {
        long timestamp = -1;
        short version = 0;
        VoterSet? voters = null;
        var hasFooter = false;
        var records = new List<VersionedRecord>();
        foreach (var batch in QuorumBatchCodec.Decode(bytes))
        {
            records.AddRange(batch.Records);
            foreach (var control in batch.Controls)
            {
                switch (control)
                {
                    case SnapshotHeaderRecord header: timestamp = header.LastContainedLogTimestamp; break;
                    case KRaftVersionRecord kraft: version = kraft.KRaftVersion; break;
                    case VotersRecord set: voters = VoterSet.From(set); break;
                    case SnapshotFooterRecord: hasFooter = true; break;
                    default: break;
                }
            }
        }

        return hasFooter ? new QuorumSnapshot(timestamp, version, voters, records) : throw new MetadataCorruptException("a snapshot without its footer");
    }
}
