using System.Collections.Immutable;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>
/// Records applied to an image, not yet an image themselves: <c>Apply</c> is the only code that changes metadata, the same when loading as when
/// live. It also says what changed, so that listeners need not compare two images.
/// </summary>
public sealed class MetadataDelta(MetadataImage image)
{
    private readonly Dictionary<Uuid, TopicChange> _topics = [];
    private readonly List<TopicImage> _deletedTopics = [];
    private readonly HashSet<ConfigResource> _configs = [];
    private readonly SortedSet<int> _brokers = [];
    private ImmutableSortedDictionary<string, TopicImage>.Builder? _topicsByName;
    private ImmutableDictionary<Uuid, TopicImage>.Builder? _topicsById;
    private ImmutableDictionary<ConfigResource, ImmutableSortedDictionary<string, string>>.Builder? _configsAfter;
    private MetadataImage _after = image;

    /// <summary>The image before.</summary>
    public MetadataImage Image { get; } = image;

    /// <summary>Topics created or changed, those deleted again excepted.</summary>
    public IReadOnlyDictionary<Uuid, TopicChange> ChangedTopics => _topics;

    /// <summary>Topics of the image before that are gone.</summary>
    public IReadOnlyList<TopicImage> DeletedTopics => _deletedTopics;

    public IReadOnlyCollection<ConfigResource> ChangedConfigs => _configs;

    public IReadOnlyCollection<int> ChangedBrokers => _brokers;

    public bool AreFeaturesChanged { get; private set; }

    public bool AreAclsChanged { get; private set; }

    public bool AreQuotasChanged { get; private set; }

    public bool AreCredentialsChanged { get; private set; }

    /// <summary>Nothing but what a NoOpRecord does has been applied.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>An image and the records that were applied to it.</summary>
    public static MetadataDelta Of(MetadataImage image, IEnumerable<IRecord> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        var delta = new MetadataDelta(image);
        foreach (var record in records)
        {
            delta.Apply(record);
        }

        return delta;
    }

    /// <summary>Applies a record. Records of transactions are the <see cref="MetadataLoader"/>'s business.</summary>
    public void Apply(IRecord record)
    {
        IsEmpty &= record is NoOpRecord;
        switch (record)
        {
            case TopicRecord topic: Create(topic); break;
            case PartitionRecord partition: TopicOf(partition.TopicId).Apply(partition); break;
            case PartitionChangeRecord change: TopicOf(change.TopicId).Apply(change); break;
            case RemoveTopicRecord removed: Remove(removed.TopicId); break;
            case ClearElrRecord clear: ClearElr(clear.TopicName); break;
            case ConfigRecord config: Apply(config); break;
            case FeatureLevelRecord feature: Apply(feature); break;
            case RegisterBrokerRecord registration: SetBroker(BrokerRegistration.From(registration)); break;
            case BrokerRegistrationChangeRecord change: SetBroker(Broker(change.BrokerId, change.BrokerEpoch).After(change)); break;
            case FenceBrokerRecord fence: SetBroker(Broker(fence.Id, fence.Epoch) with { IsFenced = true }); break;
            case UnfenceBrokerRecord unfence: SetBroker(Broker(unfence.Id, unfence.Epoch) with { IsFenced = false }); break;
            case UnregisterBrokerRecord unregister: Unregister(unregister); break;
            case RegisterControllerRecord controller:
                _after = _after with { Controllers = _after.Controllers.SetItem(controller.ControllerId, ControllerRegistration.From(controller)) };
                break;
            case UnregisterControllerRecord controller:
                _after = _after with { Controllers = _after.Controllers.Remove(controller.ControllerId) };
                break;
            case ProducerIdsRecord block: _after = _after with { NextProducerId = block.NextProducerId }; break;
            case ClientQuotaRecord quota: Apply(quota); break;
            case AccessControlEntryRecord or RemoveAccessControlEntryRecord: ApplyAcl(record); break;
            case UserScramCredentialRecord or RemoveUserScramCredentialRecord or DelegationTokenRecord or RemoveDelegationTokenRecord:
                ApplyCredential(record);
                break;
            case NoOpRecord or ZkMigrationStateRecord: break;
            default: throw new MetadataCorruptException($"a {record.GetType().Name} in a place where it is not allowed");
        }
    }

    /// <summary>The image after what was applied so far. The delta can go on.</summary>
    public MetadataImage ToImage(MetadataProvenance provenance)
    {
        if (_topics.Count > 0 || _deletedTopics.Count > 0)
        {
            foreach (var change in _topics.Values)
            {
                var topic = change.ToImage();
                TopicsByName[topic.Name] = topic;
                TopicsById[topic.Id] = topic;
            }
        }

        return _after = _after with
        {
            Provenance = provenance,
            Topics = _topicsByName?.ToImmutable() ?? _after.Topics,
            TopicsById = _topicsById?.ToImmutable() ?? _after.TopicsById,
            Configs = _configsAfter?.ToImmutable() ?? _after.Configs,
        };
    }

    private ImmutableSortedDictionary<string, TopicImage>.Builder TopicsByName => _topicsByName ??= Image.Topics.ToBuilder();

    private ImmutableDictionary<Uuid, TopicImage>.Builder TopicsById => _topicsById ??= Image.TopicsById.ToBuilder();

    private ImmutableDictionary<ConfigResource, ImmutableSortedDictionary<string, string>>.Builder Configs => _configsAfter ??= Image.Configs.ToBuilder();

    private void Create(TopicRecord record)
    {
        var topic = new TopicImage(record.Name, record.TopicId, ImmutableSortedDictionary<int, PartitionRegistration>.Empty);
        _topics[record.TopicId] = new TopicChange(topic, isNew: true);
        TopicsByName[record.Name] = topic;
        TopicsById[record.TopicId] = topic;
    }

    private TopicChange TopicOf(Uuid id)
    {
        if (_topics.TryGetValue(id, out var change))
        {
            return change;
        }

        var topic = (_topicsById?.GetValueOrDefault(id) ?? (_topicsById is null ? Image.FindTopic(id) : null))
            ?? throw new MetadataCorruptException($"a change of the topic {id}, which does not exist");
        return _topics[id] = new TopicChange(topic, isNew: false);
    }

    private void Remove(Uuid id)
    {
        if (!TopicsById.Remove(id, out var topic))
        {
            throw new MetadataCorruptException($"the removal of the topic {id}, which does not exist");
        }

        var wasNew = _topics.Remove(id, out var change) && change.IsNew;
        if (!wasNew)
        {
            _deletedTopics.Add(topic);
        }

        // A topic of the same name may have been created before this record names the old one's id: it stays.
        if (TopicsByName.TryGetValue(topic.Name, out var named) && named.Id == id)
        {
            TopicsByName.Remove(topic.Name);
        }

        var resource = ConfigResource.Topic(topic.Name);
        if (Configs.Remove(resource))
        {
            _configs.Add(resource);
        }
    }

    private void ClearElr(string topicName)
    {
        foreach (var topic in topicName.Length == 0 ? [.. TopicsById.Values] : Named(topicName))
        {
            var change = _topics.GetValueOrDefault(topic.Id);
            foreach (var partition in change is null ? [.. topic.Partitions.Keys] : change.AllPartitions.ToList())
            {
                var registration = change is null ? topic.Partitions[partition] : change[partition];
                if (registration.Elr.Length > 0 || registration.LastKnownElr.Length > 0)
                {
                    change ??= TopicOf(topic.Id);
                    change.Apply(new PartitionChangeRecord { PartitionId = partition, TopicId = topic.Id, EligibleLeaderReplicas = [], LastKnownElr = [] });
                }
            }
        }
    }

    private List<TopicImage> Named(string name) => TopicsByName.TryGetValue(name, out var topic) ? [topic] : [];

    private void Apply(ConfigRecord record)
    {
        var resource = new ConfigResource((ConfigResourceType)record.ResourceType, record.ResourceName);
        var before = Configs.GetValueOrDefault(resource) ?? ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        var after = record.Value is null ? before.Remove(record.Name) : before.SetItem(record.Name, record.Value);
        if (after.IsEmpty)
        {
            Configs.Remove(resource);
        }
        else
        {
            Configs[resource] = after;
        }

        _configs.Add(resource);
    }

    private void Apply(FeatureLevelRecord record)
    {
        var features = _after.Features;
        _after = _after with { Features = record.FeatureLevel == 0 ? features.Remove(record.Name) : features.SetItem(record.Name, record.FeatureLevel) };
        AreFeaturesChanged = true;
    }

    private BrokerRegistration Broker(int id, long epoch) =>
        !_after.Brokers.TryGetValue(id, out var broker) ? throw new MetadataCorruptException($"a change of broker {id}, which is not registered")
        : broker.Epoch != epoch ? throw new MetadataCorruptException($"a change of broker {id} at epoch {epoch}, where it is registered at {broker.Epoch}")
        : broker;

    private void SetBroker(BrokerRegistration broker)
    {
        _after = _after with { Brokers = _after.Brokers.SetItem(broker.Id, broker) };
        _brokers.Add(broker.Id);
    }

    private void Unregister(UnregisterBrokerRecord record)
    {
        _ = Broker(record.BrokerId, record.BrokerEpoch);
        _after = _after with { Brokers = _after.Brokers.Remove(record.BrokerId) };
        _brokers.Add(record.BrokerId);
    }

    private void Apply(ClientQuotaRecord record)
    {
        var entity = QuotaEntity.From(record);
        var before = _after.ClientQuotas.GetValueOrDefault(entity) ?? ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal);
        var after = record.Remove ? before.Remove(record.Key) : before.SetItem(record.Key, record.Value);
        var all = _after.ClientQuotas;
        _after = _after with { ClientQuotas = after.IsEmpty ? all.Remove(entity) : all.SetItem(entity, after) };
        AreQuotasChanged = true;
    }

    private void ApplyAcl(IRecord record)
    {
        _after = _after with
        {
            Acls = record is AccessControlEntryRecord acl ? _after.Acls.SetItem(acl.Id, acl) : _after.Acls.Remove(((RemoveAccessControlEntryRecord)record).Id),
        };
        AreAclsChanged = true;
    }

    private void ApplyCredential(IRecord record)
    {
        _after = record switch
        {
            UserScramCredentialRecord scram => _after with { ScramCredentials = _after.ScramCredentials.SetItem((scram.Mechanism, scram.Name), scram) },
            RemoveUserScramCredentialRecord scram => _after with { ScramCredentials = _after.ScramCredentials.Remove((scram.Mechanism, scram.Name)) },
            DelegationTokenRecord token => _after with { DelegationTokens = _after.DelegationTokens.SetItem(token.TokenId, token) },
            _ => _after with { DelegationTokens = _after.DelegationTokens.Remove(((RemoveDelegationTokenRecord)record).TokenId) },
        };
        AreCredentialsChanged = true;
    }
}
