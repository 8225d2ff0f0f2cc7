using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// The log of one partition of <c>__consumer_offsets</c> as its shard uses it: read from the start, append, learn of the commit.
/// </summary>
internal interface IGroupLog
{
    /// <summary>Where the log begins.</summary>
    long StartOffset { get; }

    /// <summary>
    /// Where the log ends now. Its shard loads up to there, committed or not: nobody else appends, and what an earlier life acknowledged
    /// lies before it.
    /// </summary>
    GroupLogEnd End { get; }

    /// <summary>At least one whole batch from an offset on that lies before <paramref name="endOffset"/>.</summary>
    (ErrorCode Error, ReadOnlyMemory<byte> Batches) Read(long offset, long endOffset);

    /// <summary>Appends one batch as leader.</summary>
    GroupAppend Append(ReadOnlyMemory<byte> batch);

    /// <summary>
    /// Completes when everything before <paramref name="requiredOffset"/> is committed, or with the reason why it is not: REQUEST_TIMED_OUT when the time is over.
    /// </summary>
    Task<ErrorCode> WhenCommitted(long requiredOffset, int timeoutMs);
}

/// <summary>The end of a group log, and whether all before it is committed.</summary>
internal readonly record struct GroupLogEnd(ErrorCode Error, long Offset, bool IsCommitted);

/// <summary>What became of an append. Committed at once on a node that is alone.</summary>
internal readonly record struct GroupAppend(ErrorCode Error, long BaseOffset, long RequiredOffset, bool IsCommitted);
