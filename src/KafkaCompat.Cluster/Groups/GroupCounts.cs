namespace KafkaCompat.Cluster.Groups;

/// <summary>What a shard holds, in numbers.</summary>
/// <param name="Groups">How many groups there are of each kind and in each state, by the names that listings have for them.</param>
/// <param name="Offsets">Committed offsets of all groups.</param>
public sealed record GroupCounts(IReadOnlyDictionary<(GroupType Type, string State), int> Groups, int Offsets)
{
    /// <summary>Of a shard that is not loaded.</summary>
    public static GroupCounts None { get; } = new(new Dictionary<(GroupType, string), int>(), 0);
}
