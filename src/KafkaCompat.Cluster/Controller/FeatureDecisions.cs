using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// Finalized feature levels, raised and lowered with Kafka's rules in Kafka's words: all of a request or none. What every live broker and this
/// controller supports can be set; metadata.version goes down only where no metadata could be lost by it.
/// </summary>
internal sealed class FeatureDecisions(ControllerSettings settings, MetadataImage image)
{
    private const string MinInSyncReplicas = ConfigKeys.MinInsyncReplicas;
    private const sbyte Upgrade = 1;
    private const sbyte SafeDowngrade = 2;
    private const sbyte UnsafeDowngrade = 3;

    public Decision<UpdateFeaturesResponse> Update(UpdateFeaturesRequest request, short version)
    {
        // The last of several levels for one feature counts. Before version 1 a flag stood for the kind of update; it allowed nothing in KRaft.
        var wanted = new Dictionary<string, (short Level, sbyte Kind)>(StringComparer.Ordinal);
        foreach (var update in request.FeatureUpdates)
        {
            wanted[update.Feature] = (update.MaxVersionLevel, version == 0 ? Upgrade : update.UpgradeType);
        }

        foreach (var (feature, (level, kind)) in wanted)
        {
            if (Problem(feature, level, kind, wanted) is { } problem)
            {
                return Decision.Of(new UpdateFeaturesResponse
                {
                    ErrorCode = ErrorCode.InvalidUpdateVersion,
                    ErrorMessage = $"The update failed for all features since the following feature had an error: {problem}",
                });
            }
        }

        var response = new UpdateFeaturesResponse { ErrorMessage = null };
        if (version <= 1)
        {
            response.Results.AddRange(
                request.FeatureUpdates.Select(static update =>
                new UpdateFeaturesResponse.UpdatableFeatureResult { Feature = update.Feature, ErrorMessage = "NONE" }));
        }

        return new(request.ValidateOnly ? [] : Records(wanted), response);
    }

    private List<VersionedRecord> Records(Dictionary<string, (short Level, sbyte Kind)> wanted)
    {
        var records = new List<VersionedRecord>();
        var setsElr = wanted.TryGetValue(FeatureNames.EligibleLeaderReplicasVersion, out var elr) && elr.Level > 0 && !image.IsElrEnabled;
        if (setsElr && !image.ConfigsOf(ConfigResource.AllBrokers).ContainsKey(MinInSyncReplicas))
        {
            // From here on the minimum of the ISR is the cluster's business and no longer each broker's own.
            records.Add(ControllerState.ClusterMinInSyncReplicas(settings));
        }

        // A metadata version first: what the others allow may rest on it.
        foreach (var (feature, (level, _)) in wanted.OrderBy(update => update.Key != FeatureNames.MetadataVersion))
        {
            if (feature != FeatureNames.KraftVersion)
            {
                records.Add(new(new FeatureLevelRecord { Name = feature, FeatureLevel = level }, 0));
            }
        }

        return records;
    }

    private string? Problem(string feature, short level, sbyte kind, Dictionary<string, (short Level, sbyte Kind)> wanted)
    {
        var invalid = $"Invalid update version {level} for feature {feature}.";
        if (kind is not (Upgrade or SafeDowngrade or UnsafeDowngrade))
        {
            return $"{invalid} The controller does not support the given upgrade type.";
        }

        if (level < 0)
        {
            return $"{invalid} A feature version cannot be less than 0.";
        }

        if (Unsupported(feature, level) is { } unsupported)
        {
            return $"{invalid} {unsupported}";
        }

        var current = CurrentLevel(feature);
        if (level < current && kind == Upgrade)
        {
            return $"{invalid} Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.";
        }

        if (level > current && kind != Upgrade)
        {
            return $"{invalid} Can't downgrade to a newer version.";
        }

        if (feature == FeatureNames.KraftVersion)
        {
            return level < current ? $"{invalid} Can't downgrade the version of this feature."
                : level > current
                ? $"{invalid} The voters of this quorum are named in its settings; raise the level with Apache Kafka before this node takes the directory over."
                : null;
        }

        return feature == FeatureNames.MetadataVersion && level < current
            ? LossyDowngrade(current, level, kind)
            : MissingDependency(feature, level, wanted) is { } missing ? $"{invalid} {missing}" : null;
    }

    private string? Unsupported(string feature, short level)
    {
        if (Unsupported($"Local controller {settings.NodeId}", settings.Features, feature, level) is { } here)
        {
            return here;
        }

        foreach (var broker in image.Brokers.Values)
        {
            if (Unsupported($"Broker {broker.Id}", broker.Features, feature, level) is { } there)
            {
                return there;
            }
        }

        return image.Controllers.Values.Where(c => c.Id != settings.NodeId).Select(c => Unsupported($"Controller {c.Id}", c.Features, feature, level))
            .FirstOrDefault(p => p is not null);
    }

    private static string? Unsupported(string node, IEnumerable<FeatureRange> ranges, string feature, short level) =>
        ranges.FirstOrDefault(r => r.Name == feature) switch
        {
            null => $"{node} does not support this feature.",
            var range when level < range.Min || level > range.Max => $"{node} only supports versions {range.Min}-{range.Max}",
            _ => null,
        };

    private short CurrentLevel(string feature) => feature == FeatureNames.KraftVersion ? settings.KRaftVersion : image.Features.GetValueOrDefault(feature);

    private static string? LossyDowngrade(short from, short to, sbyte kind)
    {
        var isLossy = false;
        foreach (var version in FeatureCatalog.MetadataVersions)
        {
            isLossy |= version.Level > to && version.Level <= from && version.DidMetadataChange;
        }

        return !isLossy ? null : $"Unsupported metadata.version downgrade from {from} to {to}. " + (kind == SafeDowngrade
            ? "Refusing to perform the requested downgrade because it might delete metadata information."
            : "Unsafe metadata downgrade is not supported in this version.");
    }

    private string? MissingDependency(string feature, short level, Dictionary<string, (short Level, sbyte Kind)> wanted)
    {
        foreach (var known in FeatureCatalog.Levels)
        {
            if (known.Feature != feature || known.Level != level || known.Dependencies.Length == 0)
            {
                continue;
            }

            foreach (var dependency in known.Dependencies.Split(','))
            {
                var parts = dependency.Split('=');
                var needed = short.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
                var there = wanted.TryGetValue(parts[0], out var update) ? update.Level : image.Features.GetValueOrDefault(parts[0]);
                if (there < needed)
                {
                    return $"{feature} could not be set to {level} because it depends on {parts[0]} level {needed}";
                }
            }
        }

        return null;
    }
}
