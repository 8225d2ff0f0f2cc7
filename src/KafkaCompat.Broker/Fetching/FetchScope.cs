using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Fetching;

/// <summary>What one fetch request fetches.</summary>
/// <param name="Error">Why the session cannot go on; the rest is empty then.</param>
/// <param name="Session">Null for a fetch without a session.</param>
/// <param name="IsIncremental">Whether the answer may leave out what the client knows.</param>
/// <param name="Partitions">In the order in which they get their turn at the byte limit.</param>
internal sealed record FetchScope(ErrorCode Error, FetchSession? Session, bool IsIncremental, FetchPartition[] Partitions)
{
    public static FetchScope Refused(ErrorCode error) => new(error, null, false, []);
}
