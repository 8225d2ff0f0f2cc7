using System.Globalization;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Audit;

/// <summary>APIs, errors, features and enumerations against the tables taken out of Kafka's classes.</summary>
public class TableAuditTests
{
    [Fact]
    public void Every_api_is_as_Kafka_has_it()
    {
        var rows = KafkaReference.Table("tables", "apis.tsv").ToList();
        Assert.Equal(rows.Count, ApiCatalog.All.Length);
        foreach (var row in rows)
        {
            var api = ApiCatalog.Get((ApiKey)Number(row["key"]));
            Assert.Equal(row["name"], api.Name);
            Assert.Equal(row["name"], api.Key.ToString());
            Assert.Equal(row["requestVersions"], api.Versions.ToString());
            Assert.Equal(row["responseVersions"], api.Versions.ToString());
            Assert.Equal((row["brokerMin"], row["brokerMax"]), Ends(api.Broker));
            Assert.Equal((row["controllerMin"], row["controllerMax"]), Ends(api.Controller));
            Assert.Equal(row["listeners"],
                string.Join(',',
                new[] { (ApiListeners.Broker, "broker"), (ApiListeners.Controller, "controller") }.Where(l => api.Listeners.HasFlag(l.Item1))
                .Select(l => l.Item2)));
            Assert.Equal(row["latestVersionUnstable"] == "true", api.LatestVersionUnstable);
            Assert.Equal(row["forwardable"] == "true", api.Forwardable);
            Assert.Equal(row["clusterAction"] == "true", api.ClusterAction);
            Assert.Equal(row["advertisedOnlyIf"], api.AdvertisedIf ?? "");
            Assert.Equal(row["requestHeader"], Headers(api.Versions, api.RequestHeaderVersion));
            Assert.Equal(row["responseHeader"], Headers(api.Versions, api.ResponseHeaderVersion));
        }
    }

    [Fact]
    public void Every_error_is_as_Kafka_has_it()
    {
        var rows = KafkaReference.Table("tables", "errors.tsv").ToList();
        Assert.Equal(
            rows.Select(r =>
                $"{r["code"]} {r["name"]} {r["retriable"]} {r["refreshesMetadata"]} {r["refreshRetriable"]} {r["exception"]} {r["exceptionParents"]}"),
            ErrorCodes.All.Select(e =>
                $"{(short)e.Code} {e.Name} {Text(e.IsRetriable)} {Text(e.RefreshesMetadata)} {Text(e.IsRefreshRetriable)} {e.Exception ?? "null"} "
                + $"{e.ExceptionParents}"));
        Assert.Equal(rows.Count, Enum.GetValues<ErrorCode>().Length);
    }

    [Fact]
    public void Every_feature_level_is_as_Kafka_has_it()
    {
        var rows = KafkaReference.Table("tables", "features.tsv").ToList();
        Assert.Equal(
            rows.Select(r => string.Join(' ', r.Values)),
            FeatureCatalog.Levels.ToArray().Select(l =>
                $"{l.Feature} {l.Level} {l.Name} {l.MetadataVersion} {l.MetadataLevel} {l.Dependencies} {Text(l.IsDefault)} {Text(l.IsLatestProduction)} "
                    + $"{l.Lowest}-{l.Highest}"));
    }

    [Fact]
    public void Every_metadata_version_is_as_Kafka_has_it()
    {
        var rows = KafkaReference.Table("tables", "metadata-versions.tsv").ToList();
        Assert.Equal(rows.Count, FeatureCatalog.MetadataVersions.Length);
        foreach (var row in rows)
        {
            var version = FeatureCatalog.MetadataVersions.ToArray().Single(v => v.Level == Number(row["level"]));
            Assert.Equal(row["name"], version.Name);
            foreach (var (fact, value) in row.Where(p => p.Key is not ("level" or "name")))
            {
                Assert.Equal((fact, value), (fact, Fact(version, fact)));
            }
        }
    }

    /// <summary>The fact of a column; the property is named as the column is.</summary>
    private static string Fact(MetadataVersionInfo version, string column) =>
        column.StartsWith("default ", StringComparison.Ordinal) ? version.DefaultLevels[column["default ".Length..]].ToString(CultureInfo.InvariantCulture)
        : typeof(MetadataVersionInfo).GetProperty(char.ToUpperInvariant(column[0]) + column[1..])!.GetValue(version) switch
        {
            null => "-",
            bool flag => Text(flag),
            var other => Convert.ToString(other, CultureInfo.InvariantCulture)!,
        };

    [Fact]
    public void Each_feature_says_what_its_levels_say()
    {
        Assert.Equal(
            FeatureCatalog.Levels.ToArray().GroupBy(l => l.Feature).Select(g => new FeatureInfo(
                g.Key, g.First().Lowest, g.First().Highest, g.Single(l => l.IsLatestProduction).Level, g.Single(l => l.IsDefault).Level)),
            FeatureCatalog.Features.ToArray());
    }

    [Theory]
    [InlineData(0, 7)]
    [InlineData(7, 7)]
    [InlineData(33, 33)]
    [InlineData(99, 34)]
    public void A_level_that_is_not_known_is_taken_as_the_next_below(short level, short known) =>
        Assert.Equal(known, FeatureCatalog.MetadataVersion(level).Level);

    [Fact]
    public void Every_enumeration_is_as_Kafka_has_it()
    {
        var rows = KafkaReference.Table("tables", "enums.tsv").Select(r => $"{r["enum"]} | {r["name"]} | {r["code"]} | {r["text"]}").ToList();
        Assert.Equal(rows, EnumRows(File.ReadAllLines(Path.Combine(KafkaReference.RepositoryRoot, "protocol-specs", "enums.spec"))));
    }

    [Fact]
    public void Every_generated_enum_has_Kafkas_codes()
    {
        var byName = typeof(ApiKey).Assembly.GetTypes().Where(t => t is { IsEnum: true, Namespace: "KafkaCompat.Protocol.Enums" })
            .ToDictionary(t => t.Name, StringComparer.Ordinal);
        Assert.True(byName.Count >= 25);
        foreach (var group in KafkaReference.Table("tables", "enums.tsv").GroupBy(r => r["enum"].Replace(".", "", StringComparison.Ordinal)))
        {
            if (byName.Remove(group.Key, out var type))
            {
                Assert.Equal(
                    group.Select(r => (r["name"].Replace("_", "", StringComparison.Ordinal).ToUpperInvariant(), r["code"])).Order(),
                    Enum.GetNames(type)
                        .Select(n =>
                        (n.ToUpperInvariant(), Convert.ToInt64(Enum.Parse(type, n), CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)))
                        .Order());
            }
        }

        Assert.Empty(byName);
    }

    private static IEnumerable<string> EnumRows(string[] lines)
    {
        var name = "";
        foreach (var line in lines)
        {
            if (line.StartsWith("enum ", StringComparison.Ordinal))
            {
                name = line["enum ".Length..].Split(" : ")[0];
            }
            else if (line.StartsWith("  ", StringComparison.Ordinal))
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                var rest = line[(colon + 1)..].Split(" | ", 2);
                yield return $"{name} | {line[2..colon]} | {rest[0].Trim()} | {(rest.Length > 1 ? rest[1] : "")}";
            }
        }
    }

    private static string Headers(ApiVersionRange versions, Func<short, short> header)
    {
        var runs = new List<(short From, short To, short Header)>();
        for (var version = versions.Min; version <= versions.Max; version++)
        {
            if (runs.Count > 0 && runs[^1].Header == header(version))
            {
                runs[^1] = runs[^1] with { To = version };
            }
            else
            {
                runs.Add((version, version, header(version)));
            }
        }

        return runs.Count == 0 ? "-" : string.Join(',', runs.Select(r => r.From == r.To ? $"{r.From}:{r.Header}" : $"{r.From}-{r.To}:{r.Header}"));
    }

    private static (string Min, string Max) Ends(ApiVersionRange range) =>
        range.IsEmpty ? ("-", "-") : (range.Min.ToString(CultureInfo.InvariantCulture), range.Max.ToString(CultureInfo.InvariantCulture));

    private static short Number(string text) => short.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(bool value) => value ? "true" : "false";
}
