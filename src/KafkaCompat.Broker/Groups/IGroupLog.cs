using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Groups;

/// <summary>
/// The log of one partition of <c>__consumer_offsets</c> as its shard uses it: read from the start, append, learn of the commit.
/// </summary>
internal interface IGroupLog
{
    /// <summary>Where the log begins.</summary>
    long StartOffset { get; }

    /// <summary>Whole batches from an offset on; nothing at the end of what is committed.</summary>
    (ErrorCode Error, ReadOnlyMemory<byte> Batches) Read(long offset);

    /// <summary>Appends one batch as leader.</summary>
    GroupAppend Append(ReadOnlyMemory<byte> batch);

    /// <summary>
    /// Completes when everything before <paramref name="requiredOffset"/> is committed, or with the reason why it is not: REQUEST_TIMED_OUT when the time is over.
    /// </summary>
    Task<ErrorCode> WhenCommitted(long requiredOffset, int timeoutMs);
}

/// <summary>What became of an append. Committed at once on a node that is alone.</summary>
internal readonly record struct GroupAppend(ErrorCode Error, long BaseOffset, long RequiredOffset, bool IsCommitted);
