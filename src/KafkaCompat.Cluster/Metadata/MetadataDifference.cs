using System.Collections.Immutable;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>
/// Two images as the records that lead from one to the other. A replica that was so far behind that it got a snapshot hears of it as of any other step: what
/// the snapshot lacks is removed, and what it has otherwise changes.
/// </summary>
public static class MetadataDifference
{
    /// <summary>The records, in an order in which each can be applied. What both have in common is not among them.</summary>
    public static IEnumerable<IRecord> Records(MetadataImage from, MetadataImage to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        // The removals first: a name may stand for another topic now, and the settings of a removed one go with it.
        var removed = from.TopicsById.Values.Where(topic => !IsGrown(topic, to)).OrderBy(topic => topic.Name, StringComparer.Ordinal).ThenBy(topic => topic.Id)
            .ToList();
        var names = removed.Select(topic => ConfigResource.Topic(topic.Name)).ToHashSet();
        return Features(from, to)
            .Concat(removed.Select(topic => new RemoveTopicRecord { TopicId = topic.Id }))
            .Concat(Brokers(from, to))
            .Concat(Controllers(from, to))
            .Concat(Topics(from, to))
            .Concat(Configs(from.Configs.RemoveRange(names), to.Configs))
            .Concat(Quotas(from, to))
            .Concat(from.NextProducerId == to.NextProducerId
                ? []
                : [new ProducerIdsRecord { BrokerId = -1, BrokerEpoch = -1, NextProducerId = to.NextProducerId }])
            .Concat(Entries(from.Acls, to.Acls, id => id, (id, _) => new RemoveAccessControlEntryRecord { Id = id }))
            .Concat(Entries(from.ScramCredentials, to.ScramCredentials, key => key,
                (key, _) => new RemoveUserScramCredentialRecord { Mechanism = key.Mechanism, Name = key.User }))
            .Concat(Entries(from.DelegationTokens, to.DelegationTokens, id => id, (id, _) => new RemoveDelegationTokenRecord { TokenId = id }));
    }

    /// <summary>Whether an image has a topic still: the same one, and no partition of it gone.</summary>
    private static bool IsGrown(TopicImage topic, MetadataImage to) =>
        to.FindTopic(topic.Id) is { } later && later.Name == topic.Name && topic.Partitions.Keys.All(later.Partitions.ContainsKey);

    private static IEnumerable<IRecord> Features(MetadataImage from, MetadataImage to) =>
        from.Features.Keys.Union(to.Features.Keys).Order(StringComparer.Ordinal)
            .Where(name => from.Features.GetValueOrDefault(name) != to.Features.GetValueOrDefault(name))
            .Select(name => new FeatureLevelRecord { Name = name, FeatureLevel = to.Features.GetValueOrDefault(name) });

    private static IEnumerable<IRecord> Brokers(MetadataImage from, MetadataImage to)
    {
        foreach (var broker in from.Brokers.Values)
        {
            if (!to.Brokers.ContainsKey(broker.Id))
            {
                yield return new UnregisterBrokerRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch };
            }
        }

        var version = to.MetadataVersion.RegisterBrokerRecordVersion;
        foreach (var broker in to.Brokers.Values)
        {
            var record = broker.ToRecord(version);
            if (!from.Brokers.TryGetValue(broker.Id, out var before) || !IsSame(before.ToRecord(version), record, version))
            {
                yield return record;
            }
        }
    }

    private static IEnumerable<IRecord> Controllers(MetadataImage from, MetadataImage to)
    {
        foreach (var id in from.Controllers.Keys.Where(id => !to.Controllers.ContainsKey(id)))
        {
            yield return new UnregisterControllerRecord { ControllerId = id };
        }

        foreach (var (id, controller) in to.Controllers)
        {
            var record = controller.ToRecord();
            if (!from.Controllers.TryGetValue(id, out var before) || !IsSame(before.ToRecord(), record, 0))
            {
                yield return record;
            }
        }
    }

    private static IEnumerable<IRecord> Topics(MetadataImage from, MetadataImage to)
    {
        var version = to.MetadataVersion.PartitionRecordVersion;
        foreach (var topic in to.TopicsById.Values.OrderBy(topic => topic.Name, StringComparer.Ordinal).ThenBy(topic => topic.Id))
        {
            var before = from.FindTopic(topic.Id) is { } known && IsGrown(known, to) ? known : null;
            if (before is null)
            {
                yield return new TopicRecord { Name = topic.Name, TopicId = topic.Id };
            }

            foreach (var (index, partition) in topic.Partitions)
            {
                var record = partition.ToRecord(topic.Id, index, version);
                if (before is null || !before.Partitions.TryGetValue(index, out var earlier)
                    || !IsSame(earlier.ToRecord(topic.Id, index, version), record, version))
                {
                    yield return record;
                }
            }
        }
    }

    private static IEnumerable<IRecord> Configs(
        ImmutableDictionary<ConfigResource, ImmutableSortedDictionary<string, string>> from,
        ImmutableDictionary<ConfigResource, ImmutableSortedDictionary<string, string>> to)
    {
        var nothing = ImmutableSortedDictionary<string, string>.Empty;
        foreach (var resource in from.Keys.Union(to.Keys).InOrder())
        {
            var (before, after) = (from.GetValueOrDefault(resource, nothing), to.GetValueOrDefault(resource, nothing));
            foreach (var name in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
            {
                if (!before.TryGetValue(name, out var old) || !after.TryGetValue(name, out var value) || old != value)
                {
                    yield return new ConfigRecord
                    {
                        ResourceType = (sbyte)resource.Type,
                        ResourceName = resource.Name,
                        Name = name,
                        Value = after.GetValueOrDefault(name),
                    };
                }
            }
        }
    }

    private static IEnumerable<IRecord> Quotas(MetadataImage from, MetadataImage to)
    {
        var nothing = ImmutableSortedDictionary<string, double>.Empty;
        foreach (var entity in from.ClientQuotas.Keys.Union(to.ClientQuotas.Keys).InOrder())
        {
            var (before, after) = (from.ClientQuotas.GetValueOrDefault(entity, nothing), to.ClientQuotas.GetValueOrDefault(entity, nothing));
            foreach (var key in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
            {
                if (!after.TryGetValue(key, out var value))
                {
                    yield return entity.ToRemoval(key);
                }
                else if (!before.TryGetValue(key, out var old) || !old.Equals(value))
                {
                    yield return entity.ToRecord(key, value);
                }
            }
        }
    }

    private static IEnumerable<IRecord> Entries<TKey, TRecord, TOrder>(
        IReadOnlyDictionary<TKey, TRecord> from, IReadOnlyDictionary<TKey, TRecord> to, Func<TKey, TOrder> order, Func<TKey, TRecord, IRecord> removal)
        where TRecord : IRecord, IMessage<TRecord>
    {
        foreach (var (key, record) in from.Where(entry => !to.ContainsKey(entry.Key)).OrderBy(entry => order(entry.Key)))
        {
            yield return removal(key, record);
        }

        foreach (var (key, record) in to.OrderBy(entry => order(entry.Key)))
        {
            if (!from.TryGetValue(key, out var before) || !IsSame(before, record, TRecord.HighestVersion))
            {
                yield return record;
            }
        }
    }

    /// <summary>By their bytes: that is all that the log would say of them.</summary>
    private static bool IsSame(IRecord one, IRecord other, short version)
    {
        using PooledBuffer first = new(), second = new();
        Write(one, version, first);
        Write(other, version, second);
        return first.WrittenSpan.SequenceEqual(second.WrittenSpan);
    }

    private static void Write(IRecord record, short version, PooledBuffer to)
    {
        var writer = new WireWriter(to);
        record.Write(ref writer, version);
        writer.Flush();
    }
}
