using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>What <see cref="LogLoader"/> found in a folder: the state that a log starts with.</summary>
internal sealed record LoadedLog(
    string Folder,
    Lock Gate,
    LogSegment[] Segments,
    LeaderEpochCache Epochs,
    ProducerStates Producers,
    long LogStartOffset,
    long LogEndOffset,
    long RecoveryPoint)
{
    /// <summary>Where the first segment starts that recovery wrote to, in its indexes at least, and did not sync.</summary>
    public long UnsyncedFrom { get; init; } = long.MaxValue;
}
