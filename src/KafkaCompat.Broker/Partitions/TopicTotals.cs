namespace KafkaCompat.Broker.Partitions;

/// <summary>What went through the partitions of each topic here, and how they stand, counted in one walk over them.</summary>
public sealed class TopicTotals
{
    /// <summary>Topics that have series of their own, those first whose names are; all others together are <see cref="Others"/>.</summary>
    public const int MaxTopics = 1_000;

    /// <summary>Partitions that have series of their own, those first whose topics' names and numbers are.</summary>
    public const int MaxPartitions = 1_000;

    /// <summary>No topic can be called so.</summary>
    public const string Others = "(others)";

    private readonly SortedDictionary<string, Total> _topics = new(StringComparer.Ordinal);

    private TopicTotals()
    {
    }

    public static TopicTotals Empty { get; } = new();

    /// <summary>Each topic's, in the order of their names.</summary>
    public IReadOnlyDictionary<string, Total> Topics => _topics;

    /// <summary>The partitions that have series of their own.</summary>
    public IReadOnlyList<Partition> Named { get; private set; } = [];

    public int Leaders { get; private set; }

    /// <summary>Partitions led here with fewer replicas in sync than acks=all needs.</summary>
    public int UnderMinIsr { get; private set; }

    /// <summary>Partitions led here with just as many.</summary>
    public int AtMinIsr { get; private set; }

    public long Producers { get; private set; }

    public long Segments { get; private set; }

    public static TopicTotals Of(PartitionTable partitions)
    {
        var totals = new TopicTotals();
        foreach (var partition in partitions.All) totals.Add(partition);
        totals.JoinOthers();
        totals.Named = First(partitions);
        return totals;
    }

    /// <summary>Those of the first topics in full, so that sorting costs as much as what is shown of it.</summary>
    private static List<Partition> First(PartitionTable partitions)
    {
        var first = new SortedSet<Partition>(Comparer<Partition>.Create(static (one, other) =>
            string.CompareOrdinal(one.Topic, other.Topic) is var order and not 0 ? order : one.Index.CompareTo(other.Index)));
        foreach (var partition in partitions.All)
        {
            _ = first.Add(partition);
            if (first.Count > MaxPartitions) _ = first.Remove(first.Max!);
        }
        return [.. first];
    }

    private void Add(Partition partition)
    {
        var standing = partition.Standing;
        if (standing.IsLeader)
        {
            Leaders++;
            if (standing.InSyncReplicas < standing.MinInSyncReplicas) UnderMinIsr++;
            if (standing.InSyncReplicas == standing.MinInSyncReplicas) AtMinIsr++;
        }
        Producers += partition.Log.Producers.Count;
        Segments += partition.Log.SegmentCount;
        _topics[partition.Topic] = _topics.GetValueOrDefault(partition.Topic)
            .Plus(new Total(standing.BytesIn, standing.RecordsIn, standing.BytesOut, partition.Log.SizeInBytes));
    }

    private void JoinOthers()
    {
        if (_topics.Count <= MaxTopics) return;
        var others = default(Total);
        foreach (var name in _topics.Keys.Skip(MaxTopics).ToList())
        {
            others = others.Plus(_topics[name]);
            _ = _topics.Remove(name);
        }
        _topics[Others] = others;
    }

    /// <summary>Of one topic.</summary>
    public readonly record struct Total(long BytesIn, long RecordsIn, long BytesOut, long LogBytes)
    {
        public Total Plus(Total other) => new(BytesIn + other.BytesIn, RecordsIn + other.RecordsIn, BytesOut + other.BytesOut, LogBytes + other.LogBytes);
    }
}
