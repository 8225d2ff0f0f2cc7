using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// Alterations of settings, a resource at a time: all that is asked of a resource is done or none of it. What a resource would have afterwards is
/// checked as a whole.
/// </summary>
internal sealed class ConfigDecisions(ControllerSettings settings, MetadataImage image, Access access, bool validateOnly)
{
    private const string MinInSyncReplicas = ConfigKeys.MinInsyncReplicas;

    private readonly List<VersionedRecord> _records = [];

    /// <summary>What all alterations that are allowed lead to.</summary>
    public IReadOnlyList<VersionedRecord> Records => _records;

    /// <summary>Alters each resource of a request by itself, and answers in their order.</summary>
    public static void AlterEach<TAsked, TResult>(List<TAsked> resources, List<TResult> results, Func<ConfigResource, TAsked, ConfigProblem?> alter)
        where TAsked : IResourceToAlter
        where TResult : IAlteredResource, new()
    {
        foreach (var asked in resources)
        {
            var problem = alter(new ConfigResource((ConfigResourceType)asked.ResourceType, asked.ResourceName), asked);
            results.Add(new()
            {
                ErrorCode = problem?.Error ?? ErrorCode.None,
                ErrorMessage = problem?.Message,
                ResourceType = asked.ResourceType,
                ResourceName = asked.ResourceName,
            });
        }
    }

    /// <summary>Changes single settings; the others stay. What is wrong, or null.</summary>
    public ConfigProblem? Alter(ConfigResource resource, IReadOnlyList<ConfigChange> changes)
    {
        if (Refusal(resource) is { } refusal)
        {
            return refusal;
        }

        var before = image.ConfigsOf(resource);
        var after = before.ToBuilder();
        foreach (var change in changes)
        {
            if (Apply(resource.Type, after, change) is { } problem)
            {
                return problem;
            }
        }

        // As in Kafka, what is set for a broker is written though it is as before: brokers read it as the order to look at files again.
        var rewritten = resource.Type == ConfigResourceType.Broker ? changes.Where(c => after.ContainsKey(c.Name)).Select(c => c.Name) : [];
        return Decide(resource, before, after.ToImmutable(), rewritten, changes.Select(c => c.Name));
    }

    /// <summary>Sets all settings of a resource at once; what is not named is taken back. What is wrong, or null.</summary>
    public ConfigProblem? Replace(ConfigResource resource, IReadOnlyDictionary<string, string> configs)
    {
        if (Refusal(resource) is { } refusal)
        {
            return refusal;
        }

        var before = image.ConfigsOf(resource);
        var after = before.Clear().AddRange(configs);
        return Decide(resource, before, after, [], configs.Keys.Concat(before.Keys.Where(name => !configs.ContainsKey(name))));
    }

    private ConfigProblem? Apply(ConfigResourceType type, ImmutableSortedDictionary<string, string>.Builder configs, ConfigChange change)
    {
        switch (change.Operation)
        {
            case ConfigOperation.Set:
                configs[change.Name] = change.Value!;
                return null;
            case ConfigOperation.Delete:
                _ = configs.Remove(change.Name);
                return null;
            case ConfigOperation.Append or ConfigOperation.Subtract:
                if (settings.ResourceConfigs.ListDefault(type, change.Name) is not { } byDefault)
                {
                    return new(ErrorCode.InvalidConfig,
                        $"Can't {change.Operation.ToString().ToUpperInvariant()} to key {change.Name} because its type is not LIST.");
                }

                // What comes out is set even where it is the default that was not set before.
                var list = configs.TryGetValue(change.Name, out var set) ? [.. set.Split(',', StringSplitOptions.RemoveEmptyEntries)] : byDefault.ToList();
                var named = Named(change.Value!);
                if (change.Operation == ConfigOperation.Append)
                {
                    var known = list.ToHashSet(StringComparer.Ordinal);
                    list.AddRange(named.Where(known.Add));
                }
                else
                {
                    var gone = named.ToHashSet(StringComparer.Ordinal);
                    _ = list.RemoveAll(gone.Contains);
                }

                configs[change.Name] = string.Join(',', list);
                return null;
            default:
                // Kafka has no words for a number that no client sends.
                return new(ErrorCode.UnknownServerError, null);
        }
    }

    /// <summary>The elements that an alteration names, as Java takes a text apart: white space counts, empty ones do but for those at the end.</summary>
    private static List<string> Named(string text)
    {
        List<string> elements = [.. text.Split(',')];
        while (elements.Count > 0 && text.Length > 0 && elements[^1].Length == 0) elements.RemoveAt(elements.Count - 1);
        return elements;
    }

    private ConfigProblem? Refusal(ConfigResource resource) => resource.Type switch
    {
        ConfigResourceType.Topic => access.AllowsOnTopic(AclOperation.AlterConfigs, resource.Name) ? NameProblem(resource)
            : new(ErrorCode.TopicAuthorizationFailed, AuthorizationTexts.Topic),
        ConfigResourceType.Group => access.AllowsOnGroup(AclOperation.AlterConfigs, resource.Name) ? NameProblem(resource)
            : new(ErrorCode.GroupAuthorizationFailed, AuthorizationTexts.Group),
        ConfigResourceType.Broker or ConfigResourceType.ClientMetrics => access.AllowsOnCluster(AclOperation.AlterConfigs) ? NameProblem(resource)
            : new(ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Cluster),
        _ => NameProblem(resource),
    };

    private static ConfigProblem? NameProblem(ConfigResource resource) => resource.Type switch
    {
        ConfigResourceType.Topic when resource.Name.Length == 0 => new(ErrorCode.InvalidRequest, "Default topic resources are not allowed."),
        ConfigResourceType.Topic when TopicNames.Check(resource.Name) is { } badName => new(ErrorCode.InvalidTopicException, badName),
        ConfigResourceType.Topic or ConfigResourceType.Broker => null,
        ConfigResourceType.ClientMetrics => resource.Name.Length == 0 ? new(ErrorCode.InvalidRequest, "Subscription name can't be empty") : null,
        ConfigResourceType.Group => resource.Name.Length == 0 ? new(ErrorCode.InvalidRequest, "Default group resources are not allowed.") : null,
        var other => new(ErrorCode.InvalidRequest, $"Unknown resource type {(sbyte)other}"),
    };

    private ConfigProblem? Decide(
        ConfigResource resource, ImmutableSortedDictionary<string, string> before, ImmutableSortedDictionary<string, string> after,
        IEnumerable<string> rewritten,
        IEnumerable<string> named)
    {
        var problem = settings.ResourceConfigs.Check(resource, after, image);
        // What a broker may be set to its brokers look at before the controller does.
        if (problem is null || resource.Type != ConfigResourceType.Broker)
        {
            problem = ElrProblem(resource, after, named) is { } elr ? new(ErrorCode.InvalidConfig, elr) : problem;
        }

        if (problem is not null)
        {
            return problem;
        }

        // Kafka looks for the topic last: a setting that no topic can have is reported first.
        if (resource.Type == ConfigResourceType.Topic && image.FindTopic(resource.Name) is null)
        {
            return new ConfigProblem(ErrorCode.UnknownTopicOrPartition, $"The topic '{resource.Name}' does not exist.");
        }

        if (validateOnly)
        {
            return null;
        }

        var names = new SortedSet<string>(rewritten, StringComparer.Ordinal);
        names.UnionWith(before.Keys.Union(after.Keys).Where(name => before.GetValueOrDefault(name) != after.GetValueOrDefault(name)));
        _records.AddRange(names.Select(name => Record(resource, name, after.GetValueOrDefault(name))));
        // What a replica was eligible for rests on how many had to be in sync, so it ends with that number, though the number may stay.
        if (image.IsElrEnabled && named.Contains(MinInSyncReplicas))
            _records.Add(new(new ClearElrRecord { TopicName = resource.Type == ConfigResourceType.Topic ? resource.Name : "" }, 0));
        return null;
    }

    private string? ElrProblem(ConfigResource resource, ImmutableSortedDictionary<string, string> after, IEnumerable<string> named)
    {
        if (resource.Type != ConfigResourceType.Broker || !image.IsElrEnabled || !named.Contains(MinInSyncReplicas))
        {
            return null;
        }

        return resource.Name.Length > 0 ? $"Broker-level {MinInSyncReplicas} cannot be altered while ELR is enabled."
            : after.ContainsKey(MinInSyncReplicas) ? null
            : $"Cluster-level {MinInSyncReplicas} cannot be removed while ELR is enabled.";
    }

    private static VersionedRecord Record(ConfigResource resource, string name, string? value) =>
        new(new ConfigRecord { ResourceType = (sbyte)resource.Type, ResourceName = resource.Name, Name = name, Value = value }, 0);
}
