using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// The log of one partition of an internal topic as its shard uses it: read from the start, append, learn of the commit.
/// </summary>
internal interface IShardLog
{
    /// <summary>Where to append while appends take long, so that no other thread waits for them; null while they do not.</summary>
    IWorkThreads? SlowDisk => null;

    /// <summary>Where the log begins.</summary>
    long StartOffset { get; }

    /// <summary>
    /// Where the log ends now. Its shard loads up to there, committed or not: nobody else appends, and what an earlier life acknowledged
    /// lies before it.
    /// </summary>
    ShardLogEnd End { get; }

    /// <summary>
    /// At least one whole batch from an offset on that lies before <paramref name="endOffset"/>; none where no batch does. Behind the last whole one a part of
    /// the next may stand.
    /// </summary>
    (ErrorCode Error, ReadOnlyMemory<byte> Batches) Read(long offset, long endOffset);

    /// <summary>
    /// Appends one batch as leader. It is refused, and nothing was written, where <see cref="ShardAppend.IsRefused"/>; with any other error nobody knows what
    /// the log holds.
    /// </summary>
    ShardAppend Append(ReadOnlyMemory<byte> batch);

    /// <summary>
    /// Completes when everything before <paramref name="requiredOffset"/> is committed, or with the reason why it is not: REQUEST_TIMED_OUT when the time is
    /// over.
    /// </summary>
    Task<ErrorCode> WhenCommitted(long requiredOffset, int timeoutMs);
}

/// <summary>The end of a shard's log, and whether all before it is committed.</summary>
internal readonly record struct ShardLogEnd(ErrorCode Error, long Offset, bool IsCommitted);

/// <summary>What became of an append. Committed at once on a node that is alone.</summary>
internal readonly record struct ShardAppend(ErrorCode Error, long BaseOffset, long RequiredOffset, bool IsCommitted)
{
    /// <summary>Whether the log has no batch so large.</summary>
    public bool IsTooLarge => Error is ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge;

    /// <summary>Whether the log has written nothing, and goes on.</summary>
    public bool IsRefused => IsTooLarge || Error == ErrorCode.NotEnoughReplicas;
}
