namespace KafkaCompat.Protocol;

/// <summary>The features of a cluster and their levels; the tables are generated from protocol-specs/features.spec.</summary>
public static partial class FeatureCatalog
{
    /// <summary>Every feature.</summary>
    public static ReadOnlySpan<FeatureInfo> Features => FeatureTable;

    /// <summary>Every level of every feature.</summary>
    public static ReadOnlySpan<FeatureLevel> Levels => FeatureLevels;

    /// <summary>Every metadata version, lowest first.</summary>
    public static ReadOnlySpan<MetadataVersionInfo> MetadataVersions => MetadataVersionTable;

    /// <summary>A feature by one of <see cref="FeatureNames"/>.</summary>
    public static FeatureInfo Feature(string name) =>
        Array.Find(FeatureTable, f => f.Name == name) ?? throw new ArgumentException($"{name} is not a feature", nameof(name));

    /// <summary>
    /// The metadata version of a level. Below the lowest, as in a metadata log that has not said its level yet, it is the lowest; of a level that is
    /// not known the highest below it.
    /// </summary>
    public static MetadataVersionInfo MetadataVersion(short level)
    {
        var at = MetadataVersionTable.Length - 1;
        while (at > 0 && MetadataVersionTable[at].Level > level)
        {
            at--;
        }

        return MetadataVersionTable[at];
    }
}

/// <summary>A feature of a cluster.</summary>
/// <param name="Name">One of <see cref="FeatureNames"/>.</param>
/// <param name="Lowest">The lowest level.</param>
/// <param name="Highest">The highest level, also one that is not for production yet.</param>
/// <param name="HighestProduction">The highest level for production: what a node says it supports.</param>
/// <param name="Default">The level that a new cluster starts with.</param>
public sealed record FeatureInfo(string Name, short Lowest, short Highest, short HighestProduction, short Default);

/// <summary>One level of a feature.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Level">The level.</param>
/// <param name="Name">Kafka's name of the level.</param>
/// <param name="MetadataVersion">The metadata version from which it can be set, by name.</param>
/// <param name="MetadataLevel">The same by level.</param>
/// <param name="Dependencies">What it needs of other features, as feature=level separated by commas.</param>
/// <param name="IsDefault">Whether a new cluster starts with it.</param>
/// <param name="IsLatestProduction">Whether it is the highest for production.</param>
/// <param name="Lowest">The lowest level of the feature.</param>
/// <param name="Highest">The highest level of the feature, also one that is not for production yet.</param>
public sealed record FeatureLevel(
    string Feature, short Level, string Name, string MetadataVersion, short MetadataLevel, string Dependencies, bool IsDefault, bool IsLatestProduction,
    short Lowest, short Highest);
