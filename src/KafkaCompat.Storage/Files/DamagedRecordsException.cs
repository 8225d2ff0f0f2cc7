using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Files;

/// <summary>A stored batch whose records cannot be read; the log is as it was appended, and other batches are not concerned.</summary>
public sealed class DamagedRecordsException(RecordFault fault, string message) : Exception(message)
{
    public RecordFault Fault { get; } = fault;
}
