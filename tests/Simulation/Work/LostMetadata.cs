using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Simulation.Engine;

namespace KafkaCompat.Simulation.Work;

/// <summary>
/// What a node has forgotten whose metadata log a start has cut at a damaged batch: the records behind it, but for those that the newest snapshot holds.
/// </summary>
internal sealed class LostMetadata
{
    /// <summary>How many producer ids a block has.</summary>
    private const long ProducerIdsOfBlock = 1_000;

    private LostMetadata(IEnumerable<IMessage> records)
    {
        foreach (var record in records)
        {
            switch (record)
            {
                case TopicRecord topic: _ = Topics.Add(topic.Name); break;
                case ProducerIdsRecord ids: FirstProducerId = Math.Min(FirstProducerId, ids.NextProducerId - ProducerIdsOfBlock); break;
                default: break;
            }
        }
    }

    /// <summary>Topics whose making is forgotten.</summary>
    public HashSet<string> Topics { get; } = new(StringComparer.Ordinal);

    /// <summary>From which id on producers may get ids that others have had.</summary>
    public long FirstProducerId { get; private set; } = long.MaxValue;

    /// <summary>Whether the topic of the groups is forgotten, and with it what they committed.</summary>
    public bool HasGroups => Topics.Contains(InternalTopics.Offsets);

    /// <summary>What a cut of the metadata log takes.</summary>
    /// <param name="cut">Where it is cut, and what stands behind.</param>
    /// <param name="snapshotEnd">Where the newest snapshot ends.</param>
    public static LostMetadata Of(LogCutAtDamage cut, long snapshotEnd)
    {
        var batches = cut.Lost.SelectMany(static bytes => QuorumBatchCodec.Decode(Whole(bytes)));
        return new LostMetadata(batches.Where(batch => batch.BaseOffset >= snapshotEnd).SelectMany(static batch => batch.Records)
            .Select(static record => record.Message));
    }

    /// <summary>What a write left unfinished is no batch.</summary>
    private static ReadOnlyMemory<byte> Whole(byte[] bytes)
    {
        var batches = StoredLogs.Batches(bytes);
        return bytes.AsMemory(0, batches.Count == 0 ? 0 : batches[^1].Position + batches[^1].Header.SizeInBytes);
    }
}
