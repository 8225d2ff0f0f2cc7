using System.Globalization;

namespace KafkaCompat.Protocol;

/// <summary>The features of a cluster and their levels; the tables are generated from protocol-specs/features.spec.</summary>
public static partial class FeatureCatalog
{
    /// <summary>Every level of every feature.</summary>
    public static ReadOnlySpan<FeatureLevel> Levels => FeatureLevels;

    /// <summary>Every metadata version, lowest first.</summary>
    public static ReadOnlySpan<MetadataVersionInfo> MetadataVersions => MetadataVersionTable;
}

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
    string Feature, short Level, string Name, string MetadataVersion, short MetadataLevel, string Dependencies, bool IsDefault, bool IsLatestProduction, short Lowest, short Highest);

/// <summary>What a metadata version switches on.</summary>
/// <param name="Level">The level of the feature metadata.version.</param>
/// <param name="Name">Kafka's name, such as 4.4-IV2.</param>
/// <param name="Facts">What differs between versions, by Kafka's names.</param>
public sealed record MetadataVersionInfo(short Level, string Name, IReadOnlyDictionary<string, string> Facts)
{
    /// <summary>Whether the version has a fact, such as isScramSupported.</summary>
    public bool Has(string fact) => Facts.TryGetValue(fact, out string? value) && value == "true";

    /// <summary>A fact that is a number, such as partitionRecordVersion.</summary>
    public short Number(string fact) => short.Parse(Facts[fact], CultureInfo.InvariantCulture);
}
