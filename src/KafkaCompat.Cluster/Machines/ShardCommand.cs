using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Machines;

/// <summary>
/// One request to a shard, as a value that can be logged and replayed. A command knows how to refuse itself, so that a shard that is loading, gone or not here
/// is answered in the shape that the client awaits.
/// </summary>
/// <param name="Key">By whose hash the partition is found that holds what the command is about. Empty where it is about a whole shard.</param>
public abstract record ShardCommand(string Key)
{
    /// <summary>The reply that answers the client with <paramref name="error"/>.</summary>
    public abstract object Refuse(ErrorCode error);
}
