using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Producers;

/// <summary>One of a producer's last batches, as far as duplicates are recognised by it.</summary>
public readonly record struct ProducerBatch(int LastSequence, long LastOffset, int OffsetDelta, long Timestamp)
{
    public int FirstSequence => LastSequence - OffsetDelta >= 0 ? LastSequence - OffsetDelta : (int)(LastSequence - OffsetDelta + (1L << 31));

    public long FirstOffset => LastOffset - OffsetDelta;

    internal static ProducerBatch Of(in RecordBatchHeader batch) =>
        new(batch.LastSequence, batch.LastOffset, (int)(batch.LastOffset - batch.BaseOffset), batch.MaxTimestamp);
}

/// <summary>What a partition knows of one producer: epoch, last batches, coordinator epoch, the transaction it has open.</summary>
public sealed class ProducerEntry(long producerId)
{
    /// <summary>Duplicates are recognised among this many batches, which is why clients keep no more in flight.</summary>
    public const int KeptBatches = 5;

    private readonly ProducerBatch[] _batches = new ProducerBatch[KeptBatches];
    private int _first;

    public long ProducerId { get; } = producerId;

    public short Epoch { get; internal set; } = -1;

    public int CoordinatorEpoch { get; internal set; } = -1;

    public long LastTimestamp { get; internal set; } = -1;

    /// <summary>The first offset of the open transaction, or -1.</summary>
    public long CurrentTransactionFirstOffset { get; internal set; } = -1;

    public int BatchCount { get; private set; }

    public int LastSequence => BatchCount == 0 ? -1 : Batch(BatchCount - 1).LastSequence;

    public long LastDataOffset => BatchCount == 0 ? -1 : Batch(BatchCount - 1).LastOffset;

    public int LastOffsetDelta => BatchCount == 0 ? 0 : Batch(BatchCount - 1).OffsetDelta;

    /// <summary>Batches from the oldest on.</summary>
    public ProducerBatch Batch(int index) => _batches[(_first + index) % KeptBatches];

    internal void AddBatch(ProducerBatch batch)
    {
        if (BatchCount == KeptBatches)
            _first = (_first + 1) % KeptBatches;
        else
            BatchCount++;
        _batches[(_first + BatchCount - 1) % KeptBatches] = batch;
        Invariant.Holds(LastSequence == batch.LastSequence,
            $"Producer {ProducerId}: its last sequence is {LastSequence} after a batch up to {batch.LastSequence}");
    }

    /// <summary>Puts batches in front that are older than those kept, as many as there is room for.</summary>
    internal void AddOlder(IReadOnlyCollection<ProducerBatch> older)
    {
        foreach (var batch in older)
        {
            // One that is kept in the place of a newer one makes a batch that was never written a duplicate.
            Invariant.Holds(BatchCount == 0 || batch.LastOffset < Batch(0).FirstOffset,
                $"Producer {ProducerId}: a batch up to {batch.LastOffset} is to be older than one from {(BatchCount == 0 ? -1 : Batch(0).FirstOffset)} on");
        }
        ProducerBatch[] kept = [.. older, .. Enumerable.Range(0, BatchCount).Select(Batch)];
        var last = LastSequence;
        BatchCount = 0;
        _first = 0;
        foreach (var batch in kept)
            AddBatch(batch);
        Invariant.Holds(LastSequence == last, $"Producer {ProducerId}: its last sequence was {last}, and older batches made it {LastSequence}");
    }

    /// <summary>Sequences start over with an epoch.</summary>
    internal void SetEpoch(short epoch)
    {
        if (Epoch == epoch)
            return;
        Epoch = epoch;
        BatchCount = 0;
        _first = 0;
    }
}
