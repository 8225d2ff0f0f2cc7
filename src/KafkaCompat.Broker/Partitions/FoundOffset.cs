using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Partitions;

/// <summary>The answer to a search for an offset; -1 in each place that nothing was found for.</summary>
public readonly record struct FoundOffset(ErrorCode Error, long Offset, long Timestamp, int LeaderEpoch)
{
    public static FoundOffset Nothing { get; } = new(ErrorCode.None, -1, -1, -1);

    public static FoundOffset Failed(ErrorCode error) => new(error, -1, -1, -1);
}
