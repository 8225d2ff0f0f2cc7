using System.Collections.Immutable;
using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Enums;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// Logs what somebody changed in the metadata: topics, configs, quotas, credentials, features. Not what a start finds, and not what the cluster does by itself.
/// </summary>
public sealed class MetadataChangeLogger(int nodeId, ILogger logger) : IMetadataListener
{
    /// <summary>Lines about one change of the metadata: whoever creates a thousand topics at once finds the first of them here.</summary>
    public const int MaxLinesPerChange = 20;

    private bool _isLive;
    private long _isrShrinks;
    private long _isrExpands;
    private long _uncleanElections;

    /// <summary>Partitions led here that lost a replica in sync.</summary>
    public long IsrShrinks => Interlocked.Read(ref _isrShrinks);

    /// <summary>Partitions led here that got one.</summary>
    public long IsrExpands => Interlocked.Read(ref _isrExpands);

    /// <summary>Partitions of the cluster that got a leader that may lack records.</summary>
    public long UncleanElections => Interlocked.Read(ref _uncleanElections);

    public ValueTask OnMetadata(MetadataStep step)
    {
        // The first step holds all that the node found.
        if (_isLive) Count(step);
        if (_isLive && logger.IsEnabled(LogLevel.Information)) LogChanges(step);
        _isLive = true;
        return ValueTask.CompletedTask;
    }

    private void Count(MetadataStep step)
    {
        foreach (var change in step.Delta.ChangedTopics.Values)
        {
            if (change.IsNew) continue;
            foreach (var index in change.ChangedPartitions)
            {
                if (step.Delta.Image.FindPartition(change.Id, index) is not { } before || step.Image.FindPartition(change.Id, index) is not { } after) continue;
                if (before.Leader == nodeId && after.Isr.Length < before.Isr.Length) Interlocked.Increment(ref _isrShrinks);
                if (before.Leader == nodeId && after.Isr.Length > before.Isr.Length) Interlocked.Increment(ref _isrExpands);
                if (after.IsRecovering && !before.IsRecovering) Interlocked.Increment(ref _uncleanElections);
            }
        }
    }

    private void LogChanges(MetadataStep step)
    {
        var told = 0;
        foreach (var tell in Events(step).Take(MaxLinesPerChange))
        {
            tell();
            told++;
        }
        if (told == MaxLinesPerChange && Events(step).Count() is var all && all > told) MetadataChangeLogMessages.More(logger, all - told);
    }

    private IEnumerable<Action> Events(MetadataStep step)
    {
        var (delta, before, after) = (step.Delta, step.Delta.Image, step.Image);
        foreach (var topic in delta.DeletedTopics) yield return () => MetadataChangeLogMessages.TopicDeleted(logger, topic.Name, topic.Partitions.Count);
        foreach (var change in delta.ChangedTopics.Values.OrderBy(static change => change.Name, StringComparer.Ordinal))
        {
            var count = after.FindTopic(change.Id)?.Partitions.Count ?? 0;
            var earlier = before.FindTopic(change.Id)?.Partitions.Count ?? 0;
            if (change.IsNew)
                yield return () => MetadataChangeLogMessages.TopicCreated(logger, change.Name, count, Text(after.ConfigsOf(ConfigResource.Topic(change.Name))));
            else if (count != earlier) yield return () => MetadataChangeLogMessages.PartitionsAdded(logger, change.Name, count, earlier);
        }
        foreach (var resource in delta.ChangedConfigs.OrderBy(static resource => resource.Name, StringComparer.Ordinal))
        {
            // A new topic's were logged with it, a deleted topic's go with it.
            if (resource.Type == ConfigResourceType.Topic && (before.FindTopic(resource.Name) is null || after.FindTopic(resource.Name) is null)) continue;
            var changes = Changes(before.ConfigsOf(resource), after.ConfigsOf(resource), SettingsText.Shown);
            if (changes.Length > 0) yield return () => MetadataChangeLogMessages.ConfigsChanged(logger, NameOf(resource), changes);
        }
        if (delta.AreQuotasChanged)
        {
            foreach (var entity in before.ClientQuotas.Keys.Union(after.ClientQuotas.Keys).InOrder())
            {
                var changes = Changes(Quotas(before, entity), Quotas(after, entity), static (_, value) => value.ToString(CultureInfo.InvariantCulture));
                if (changes.Length > 0)
                {
                    yield return () =>
                        MetadataChangeLogMessages.QuotasChanged(logger,
                        string.Join(", ", entity.Parts.Select(static part => $"{part.Key} {part.Value ?? "(default)"}")), changes);
                }
            }
        }
        if (delta.AreCredentialsChanged)
        {
            foreach (var (_, user) in before.ScramCredentials.Keys.Union(after.ScramCredentials.Keys).InOrder()
                .Where(key => !ReferenceEquals(before.ScramCredentials.GetValueOrDefault(key), after.ScramCredentials.GetValueOrDefault(key))))
            {
                yield return () => MetadataChangeLogMessages.CredentialChanged(logger, user);
            }
        }
        if (delta.AreFeaturesChanged
            && Changes(before.Features, after.Features, static (_, level) => level.ToString(CultureInfo.InvariantCulture)) is { Length: > 0 } features)
        {
            yield return () => MetadataChangeLogMessages.FeaturesChanged(logger, features);
        }
    }

    private static ImmutableSortedDictionary<string, double> Quotas(MetadataImage image, QuotaEntity entity) =>
        image.ClientQuotas.GetValueOrDefault(entity) ?? ImmutableSortedDictionary<string, double>.Empty;

    private static string Text(ImmutableSortedDictionary<string, string> configs) =>
        configs.IsEmpty ? "" : $" ({string.Join(", ", configs.Select(static pair => $"{pair.Key}={SettingsText.Shown(pair.Key, pair.Value)}"))})";

    private static string Changes<T>(ImmutableSortedDictionary<string, T> before, ImmutableSortedDictionary<string, T> after, Func<string, T, string> shown) =>
        string.Join(", ",
        before.Keys.Union(after.Keys).Order(StringComparer.Ordinal)
            .Where(key => before.ContainsKey(key) != after.ContainsKey(key) || !EqualityComparer<T>.Default.Equals(before[key], after[key]))
            .Select(key => after.TryGetValue(key, out var value) ? $"{key}={shown(key, value)}" : $"{key} removed"));

    private static string NameOf(ConfigResource resource) => resource switch
    {
        { Type: ConfigResourceType.Topic } => $"topic {resource.Name}",
        { Type: ConfigResourceType.Broker, Name: "" } => "all brokers",
        { Type: ConfigResourceType.Broker } => $"broker {resource.Name}",
        _ => $"{resource.Type} {resource.Name}",
    };
}
