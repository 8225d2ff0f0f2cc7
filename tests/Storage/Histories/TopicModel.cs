using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Producers;

namespace KafkaCompat.Storage.Tests.Histories;

/// <summary>What one topic's only partition must hold, and what it may have lost.</summary>
internal sealed class TopicModel(string name, Uuid id)
{
    public TopicPartition Key { get; } = new(name, 0);

    public Uuid Id { get; } = id;

    /// <summary>All batches that were given to the log, in order; those that the log turned out to have lost are taken out.</summary>
    public List<(RecordBatchHeader Header, byte[] Bytes)> Batches { get; } = [];

    /// <summary>Everything before it was acknowledged: a sync of it has ended.</summary>
    public long Acknowledged { get; set; }

    /// <summary>The log may start here or before: DeleteRecords or retention has been asked for that much.</summary>
    public long MayStartAt { get; set; }

    /// <summary>The log must start here or behind: that was written down.</summary>
    public long MustStartAt { get; set; }

    /// <summary>The log was closed cleanly where it starts and ends so.</summary>
    public (long Start, long End)? Closed { get; set; }

    public long EndOffset => Batches.Count == 0 ? 0 : Batches[^1].Header.NextOffset;

    /// <summary>A partition that a power cut took before anything of it was acknowledged is made anew.</summary>
    public void Restart()
    {
        Batches.Clear();
        (MayStartAt, MustStartAt, Closed) = (0, 0, null);
    }

    /// <summary>The sequence that a producer's next batch begins with.</summary>
    public int NextSequence(long producerId)
    {
        var last = Batches.Select(static batch => batch.Header).LastOrDefault(header => header.ProducerId == producerId);
        return last.ProducerId == producerId && Batches.Count > 0 ? last.LastSequence + 1 : 0;
    }

    /// <summary>A producer's last batches, as many as are in flight at most.</summary>
    public IEnumerable<RecordBatchHeader> LastOf(long producerId) =>
        Batches.Select(static batch => batch.Header).Where(header => header.ProducerId == producerId).TakeLast(ProducerEntry.KeptBatches);
}
