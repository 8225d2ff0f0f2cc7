using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Broker.Node;

/// <summary>The features with which a directory is formatted: those of a release, with single levels chosen otherwise.</summary>
public static class FormatFeatures
{
    /// <summary>The level of kraft.version, which stands in the snapshot's head and not among the features.</summary>
    public const string KRaftVersion = FeatureNames.KraftVersion;

    /// <summary>The records, in the order in which Kafka writes them; features of level 0 are not written.</summary>
    /// <param name="release">A release (4.4) or a metadata version (4.4-IV2); null for the newest.</param>
    /// <param name="levels">Levels of single features, kraft.version not among them.</param>
    /// <exception cref="ConfigurationException">There is no such release, feature or level.</exception>
    public static IReadOnlyList<VersionedRecord> Of(string? release, IReadOnlyDictionary<string, short> levels)
    {
        ArgumentNullException.ThrowIfNull(levels);
        var newest = FeatureCatalog.Feature(FeatureNames.MetadataVersion).HighestProduction;
        var known = FeatureCatalog.MetadataVersions.ToArray().Where(version => version.Level <= newest).ToList();
        var metadata = release is null ? newest : known.FindLast(version => IsOf(version.Name, release))?.Level ?? throw new ConfigurationException(
            $"There is no release {release} to format for. There are {string.Join(", ", known.Select(static version => version.Name))}.");
        var features = FeatureCatalog.Features.ToArray().Where(static feature => feature.Name is not (FeatureNames.MetadataVersion or KRaftVersion))
            .OrderBy(static feature => feature.Name, StringComparer.Ordinal).ToList();
        foreach (var (name, level) in levels)
        {
            var feature = features.Find(one => one.Name == name) ?? throw new ConfigurationException(
                $"There is no feature {name}. There are "
                    + $"{string.Join(", ", features.Select(static one => one.Name).Append(KRaftVersion).Order(StringComparer.Ordinal))}.");
            if (level < feature.Lowest || level > feature.HighestProduction)
            {
                throw new ConfigurationException($"Feature {name} has no level {level}; it has {feature.Lowest} to {feature.HighestProduction}.");
            }
        }

        var records = new List<VersionedRecord> { Record(FeatureNames.MetadataVersion, metadata) };
        records.AddRange(
            features.Select(feature => (feature.Name, Level: levels.TryGetValue(feature.Name, out var chosen) ? chosen : LevelOf(feature.Name, metadata)))
                .Where(static feature => feature.Level > 0).Select(static feature => Record(feature.Name, feature.Level)));
        return records;
    }

    /// <summary>Whether a metadata version is that one, or belongs to that release (4.4, 4.4.0).</summary>
    private static bool IsOf(string version, string release)
    {
        var parts = release.Split('.');
        return version == release || (parts.Length is 2 or 3 && version.StartsWith($"{parts[0]}.{parts[1]}-", StringComparison.Ordinal));
    }

    /// <summary>The highest level of a feature that a metadata version brings.</summary>
    private static short LevelOf(string feature, short metadata)
    {
        short highest = 0;
        foreach (var level in FeatureCatalog.Levels)
        {
            if (level.Feature == feature && level.MetadataLevel <= metadata && level.Level <= FeatureCatalog.Feature(feature).HighestProduction)
                highest = Math.Max(highest, level.Level);
        }

        return highest;
    }

    private static VersionedRecord Record(string name, short level) => new(new FeatureLevelRecord { Name = name, FeatureLevel = level }, 0);
}
