using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;

namespace KafkaCompat.Broker.Quorum;

/// <summary>What lies in the mailbox of the quorum's loop.</summary>
internal abstract record QuorumWork
{
    private QuorumWork()
    {
    }

    /// <summary>The loop begins.</summary>
    public sealed record Start : QuorumWork;

    /// <summary>Time has passed.</summary>
    public sealed record Tick : QuorumWork;

    /// <summary>A peer's message.</summary>
    public sealed record Message(RaftMessage Content) : QuorumWork;

    /// <summary>The log is durable up to an offset.</summary>
    public sealed record Synced(long EndOffset) : QuorumWork;

    /// <summary>A snapshot is to be put into the log's folder.</summary>
    public sealed record Snapshot(SnapshotId Id, QuorumSnapshot Content) : QuorumWork;

    /// <summary>A snapshot is in place, and what it makes superfluous is gone.</summary>
    public sealed record SnapshotDone : QuorumWork;

    /// <summary>The disk has failed over what would have ended so.</summary>
    public sealed record Failed(Exception Failure, QuorumWork Instead) : QuorumWork;

    /// <summary>The loop ends when what is under way has its end.</summary>
    public sealed record Stop : QuorumWork;

    /// <summary>Batches of the controller.</summary>
    public sealed record Append(int Epoch, long BaseOffset, IReadOnlyList<IReadOnlyList<VersionedRecord>> Batches) : QuorumWork
    {
        private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether they are committed.</summary>
        public Task<bool> Committed => _done.Task;

        /// <summary>The offset behind the last record; null while they are not in the log.</summary>
        public long? EndOffset { get; set; }

        /// <summary>They are committed.</summary>
        public void Commit() => _ = _done.TrySetResult(true);

        /// <summary>Nothing is known of them, or they were refused; or the loop failed.</summary>
        public void End(Exception? failure)
        {
            if (failure is null)
            {
                _ = _done.TrySetResult(false);
            }
            else
            {
                _ = _done.TrySetException(failure);
            }
        }
    }
}
