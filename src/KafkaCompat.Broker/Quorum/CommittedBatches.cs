using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Broker.Quorum;

/// <summary>
/// The metadata log for whoever follows it: the newest batches as they were appended, so that nobody decodes what this node has just written, and all others
/// from the files. The quorum's loop adds and cuts; one follower reads up to the high watermark, on a thread of its own.
/// </summary>
public sealed class CommittedBatches
{
    /// <summary>Bytes of batches, as they are in the log, that are kept for a follower that is behind. What goes beyond is read from the files.</summary>
    public const long MaxKeptBytes = 16 * 1024 * 1024;

    private readonly MetadataLog _log;
    private readonly Lock _gate = new();
    private readonly LinkedList<QuorumBatch> _kept = new();
    private long _keptBytes;

    internal CommittedBatches(MetadataLog log) => _log = log;

    /// <summary>Where a follower begins that knows the newest snapshot.</summary>
    public long FirstOffset => _log.FirstOffset;

    /// <summary>
    /// Batches from an offset on that end before another, at least one where there is one: all that are kept, or about a megabyte of the files. Who asks has no
    /// use for what is before the offset any more. Opening a file may fail for lack of descriptors, which changes nothing.
    /// </summary>
    public IReadOnlyList<QuorumBatch> Read(long fromOffset, long toOffset)
    {
        lock (_gate)
        {
            while (_kept.First is { } oldest && oldest.Value.LastOffset < fromOffset)
            {
                RemoveFirst(oldest);
            }

            if (_kept.First is { } first)
            {
                if (first.Value.BaseOffset <= fromOffset)
                {
                    return [.. _kept.TakeWhile(batch => batch.LastOffset < toOffset)];
                }

                toOffset = Math.Min(toOffset, first.Value.BaseOffset);
            }
        }

        return _log.Read(fromOffset, toOffset);
    }

    /// <summary>A batch was appended to the log.</summary>
    internal void Add(QuorumBatch batch)
    {
        lock (_gate)
        {
            Invariant.Holds(_kept.Last is not { } last || last.Value.LastOffset + 1 == batch.BaseOffset,
                $"A batch of the metadata log from {batch.BaseOffset} on follows one that ends at {_kept.Last!.Value.LastOffset}");
            _kept.AddLast(batch);
            _keptBytes += batch.SizeInBytes;
            while (_keptBytes > MaxKeptBytes && _kept.First is { } oldest && oldest.Value != batch)
            {
                RemoveFirst(oldest);
            }
        }
    }

    /// <summary>The log ends at an offset, or others write it from there on.</summary>
    internal void TruncateTo(long offset)
    {
        lock (_gate)
        {
            while (_kept.Last is { } last && last.Value.LastOffset >= offset)
            {
                _kept.RemoveLast();
                _keptBytes -= last.Value.SizeInBytes;
            }
        }
    }

    private void RemoveFirst(LinkedListNode<QuorumBatch> first)
    {
        _kept.RemoveFirst();
        _keptBytes -= first.Value.SizeInBytes;
    }
}
