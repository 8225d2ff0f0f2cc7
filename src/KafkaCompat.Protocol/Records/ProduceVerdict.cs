using System.Buffers;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>A record that was refused, by its place in the batch.</summary>
public readonly record struct ProduceRecordError(int BatchIndex, string Message);

/// <summary>
/// What is to be done with a produced batch: append <see cref="Batch"/>, or answer <see cref="Error"/>. The batch is the received bytes themselves unless the
/// topic wants another codec. Dispose gives the memory of a rebuilt one back.
/// </summary>
public readonly struct ProduceVerdict : IDisposable
{
    private readonly PooledBuffer? _rebuilt;

    private ProduceVerdict(RecordBatchHeader header, ReadOnlySequence<byte> batch, PooledBuffer? rebuilt, long logAppendTimeMs)
    {
        Header = header;
        Batch = batch;
        _rebuilt = rebuilt;
        LogAppendTimeMs = logAppendTimeMs;
        RecordErrors = [];
    }

    private ProduceVerdict(ErrorCode error, string? message, IReadOnlyList<ProduceRecordError> recordErrors)
    {
        Error = error;
        ErrorMessage = message;
        RecordErrors = recordErrors;
        LogAppendTimeMs = RecordBatchHeader.NoTimestamp;
    }

    public ErrorCode Error { get; }

    /// <summary>As Kafka words it, where it has a text of its own.</summary>
    public string? ErrorMessage { get; }

    public IReadOnlyList<ProduceRecordError> RecordErrors { get; }

    /// <summary>Whether Kafka refuses the whole request for it, before it looks at the partition.</summary>
    public bool IsOfRequest { get; private init; }

    public bool IsAccepted => Error == ErrorCode.None;

    /// <summary>Of <see cref="Batch"/>, with timestamps as they will be stored.</summary>
    public RecordBatchHeader Header { get; }

    /// <summary>What is to be appended: one batch and nothing behind it.</summary>
    public ReadOnlySequence<byte> Batch { get; }

    /// <summary>The time the batch got, where the topic's timestamps are the broker's; else -1.</summary>
    public long LogAppendTimeMs { get; }

    public bool IsRebuilt => _rebuilt is not null;

    /// <summary>
    /// Sets the offset and epoch that the leader gives the batch, in its bytes; the checksum covers neither. Returns it as it is to be written.
    /// </summary>
    public BatchRun Assign(long baseOffset, int leaderEpoch)
    {
        RecordBatchPatch.SetBaseOffset(Batch, baseOffset);
        RecordBatchPatch.SetPartitionLeaderEpoch(Batch, leaderEpoch);
        return new BatchRun(Header with { BaseOffset = baseOffset, PartitionLeaderEpoch = leaderEpoch }, Batch);
    }

    /// <summary>The same batch with a later time of the broker's. Disposing of either disposes of both.</summary>
    public ProduceVerdict AtLogAppendTime(long logAppendTimeMs)
    {
        RecordBatchPatch.SetMaxTimestamp(Batch, TimestampType.LogAppendTime, logAppendTimeMs);
        _ = RecordBatchHeader.TryRead(Batch, out var header);
        return new ProduceVerdict(header, Batch, _rebuilt, logAppendTimeMs);
    }

    public void Dispose() => _rebuilt?.Dispose();

    internal static ProduceVerdict Append(in RecordBatchSlice batch, long logAppendTimeMs) => new(batch.Header, batch.Bytes, null, logAppendTimeMs);

    internal static ProduceVerdict AppendRebuilt(in RecordBatchHeader header, PooledBuffer buffer, long logAppendTimeMs) =>
        new(header, new ReadOnlySequence<byte>(buffer.WrittenMemory), buffer, logAppendTimeMs);

    internal static ProduceVerdict Refuse(ErrorCode error, string? message = null) => new(error, message, []);

    internal static ProduceVerdict RefuseRequest(ErrorCode error, string? message = null) => new(error, message, []) { IsOfRequest = true };

    internal static ProduceVerdict Refuse(ErrorCode error, string message, IReadOnlyList<ProduceRecordError> recordErrors) => new(error, message, recordErrors);
}
