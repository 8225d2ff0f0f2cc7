using System.Collections.Immutable;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>What a delta changes in one topic.</summary>
public sealed class TopicChange
{
    private readonly ImmutableSortedDictionary<int, PartitionRegistration>.Builder _partitions;
    private readonly SortedSet<int> _changed = [];

    internal TopicChange(TopicImage topic, bool isNew)
    {
        Name = topic.Name;
        Id = topic.Id;
        IsNew = isNew;
        _partitions = topic.Partitions.ToBuilder();
    }

    public string Name { get; }

    public Uuid Id { get; }

    /// <summary>The topic was created by this delta.</summary>
    public bool IsNew { get; }

    /// <summary>The partitions that were created or changed, in their order.</summary>
    public IReadOnlyCollection<int> ChangedPartitions => _changed;

    /// <summary>A partition as it is after the delta so far.</summary>
    public PartitionRegistration this[int partition] => _partitions[partition];

    internal IEnumerable<int> AllPartitions => _partitions.Keys;

    internal void Apply(PartitionRecord record)
    {
        _partitions[record.PartitionId] = PartitionRegistration.From(record);
        _changed.Add(record.PartitionId);
    }

    internal void Apply(PartitionChangeRecord record)
    {
        if (!_partitions.TryGetValue(record.PartitionId, out var before))
        {
            throw new MetadataCorruptException($"a change of partition {record.PartitionId} of topic {Name}, which does not exist");
        }

        _partitions[record.PartitionId] = before.After(record);
        _changed.Add(record.PartitionId);
    }

    internal TopicImage ToImage() => new(Name, Id, _partitions.ToImmutable());
}
