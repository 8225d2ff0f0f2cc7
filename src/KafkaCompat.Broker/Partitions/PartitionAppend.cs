using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Broker.Partitions;

/// <summary>What became of one append.</summary>
public readonly struct PartitionAppend
{
    public ErrorCode Error { get; init; }

    public string? ErrorMessage { get; init; }

    /// <summary>Why the disk refused it, for the log alone: as Kafka's, the answer says no more than the error.</summary>
    public string? Cause { get; init; }

    public IReadOnlyList<ProduceRecordError>? RecordErrors { get; init; }

    public long BaseOffset { get; init; }

    public long LogAppendTimeMs { get; init; }

    public long LogStartOffset { get; init; }

    /// <summary>The high watermark that acknowledges the records with acks=all.</summary>
    public long RequiredOffset { get; init; }

    /// <summary>Whether the high watermark stands there already.</summary>
    public bool IsReplicated { get; init; }

    /// <summary>How many bytes came to the log by it: none where it holds the batch already.</summary>
    internal long WrittenBytes { get; init; }

    public int LeaderId { get; init; }

    public int LeaderEpoch { get; init; }

    public static PartitionAppend Failed(ErrorCode error, string? message = null) => new()
    {
        Error = error,
        ErrorMessage = message,
        BaseOffset = -1,
        LogAppendTimeMs = -1,
        LogStartOffset = -1,
        LeaderId = -1,
        LeaderEpoch = -1,
    };

    /// <summary>
    /// Where Kafka refuses what the log's state or the records are at fault for, it answers where the log starts: a producer learns from it what was
    /// deleted.
    /// </summary>
    internal static PartitionAppend Refused(ErrorCode error, long logStartOffset) => Failed(error) with
    {
        LogStartOffset = error is ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.CorruptMessage ? -1 : logStartOffset,
    };

    /// <summary>A batch is refused for what it holds, or, as Kafka does, the request with it.</summary>
    internal static PartitionAppend Refused(in ProduceVerdict verdict, long logStartOffset) =>
        Refused(verdict.Error, verdict.IsOfRequest ? -1 : logStartOffset) with { ErrorMessage = verdict.ErrorMessage, RecordErrors = verdict.RecordErrors };
}
