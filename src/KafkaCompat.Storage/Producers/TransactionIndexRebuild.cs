using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Producers;

/// <summary>Rebuilds transaction indexes from the log.</summary>
internal sealed class TransactionIndexRebuild(LogEnvironment environment, ProducerStates producers, List<LogSegment> segments)
{
    /// <summary>Rewrites the index of a segment.</summary>
    public void Rebuild(LogSegment segment)
    {
        segment.TransactionIndex.Reset();
        var states = producers.StatesAt(segments[0].BaseOffset, segment.BaseOffset);
        new ProducerReplay(environment, states, segments).ReplayTo(segment.BaseOffset);
        using var scanner = new BatchScanner(segment.File, 0, segment.Size) { Watch = environment.Recovery };
        var walk = new SegmentWalk(scanner, segment.BaseOffset);
        while (walk.MoveNext())
        {
            environment.Recovery.ThrowIfStopped();
            var control = walk.Header is { IsControl: true, HasProducerId: true } ? walk.ReadBatch() : default;
            if (states.Update(walk.Header, control) is not { } completed)
                continue;
            if (completed.IsAborted)
            {
                segment.TransactionIndex.Append(new AbortedTransaction(completed.ProducerId, completed.FirstOffset, completed.LastOffset,
                    states.LastStableOffsetAfter(completed)));
            }
            states.CompleteTransaction(completed);
        }
    }
}
