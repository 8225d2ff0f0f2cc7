using KafkaCompat.Protocol.Configs;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Configs;

/// <summary>The catalogue of settings against the table that was taken out of Kafka's classes.</summary>
public sealed class ConfigCatalogTests
{
    [Fact]
    public void Every_setting_of_Kafka_is_stated_as_Kafka_has_it()
    {
        var rows = KafkaReference.Table("tables", "configs.tsv").ToList();
        Assert.True(rows.Count > 400);
        var ours = Enum.GetValues<ConfigScope>().SelectMany(ConfigCatalog.Of).ToDictionary(key => (key.Scope, key.Name));
        foreach (var row in rows)
        {
            Assert.True(ours.Remove((Scope(row["scope"]), row["name"]), out var key), row["name"]);
            Assert.Equal(row["type"], key.Type.ToString().ToUpperInvariant());
            Assert.Equal(row["default"] == "(required)", key.IsRequired);
            Assert.Equal(row["default"] is "(required)" ? "null" : row["default"], key.Default ?? "null");
            Assert.Equal(row["validator"], key.Rule.Text);
            Assert.Equal(row["listEmptyAllowed"], Flag(key.Rule.MayBeEmpty));
            Assert.Equal(row["listNullAllowed"], Flag(key.Rule.MayBeNull));
            Assert.Equal(row["sensitive"], Flag(key.IsSensitive));
            Assert.Equal(row["internal"], Flag(key.IsInternal));
            Assert.Equal(row["described"], Flag(key.IsDescribed));
            Assert.Equal(row["synonyms"], string.Join(",", key.Synonyms.Select(Synonym)));
            Assert.Equal(
                row["dynamic"] switch
                {
                    "read-only" when key.Scope == ConfigScope.Broker => ConfigDynamic.ReadOnly,
                    "per-broker" => ConfigDynamic.PerBroker,
                    "cluster-wide" when key.Scope == ConfigScope.Broker => ConfigDynamic.ClusterWide,
                    _ => ConfigDynamic.WithResource,
                },
                key.Dynamic);
        }

        Assert.Empty(ours);
    }

    [Fact]
    public void Every_default_is_allowed_by_its_own_rule()
    {
        foreach (var key in Enum.GetValues<ConfigScope>().SelectMany(ConfigCatalog.Of))
        {
            if (!key.IsRequired && key.Default is { Length: > 0 })
            {
                Assert.True(key.TryParse(key.Default, out _, out var problem), problem);
            }
        }
    }

    [Theory]
    [InlineData("retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1")]
    [InlineData("retention.ms", " -2 ", "Invalid value -2 for configuration retention.ms: Value must be at least -1")]
    [InlineData("retention.ms", " soon ", "Invalid value  soon  for configuration retention.ms: Not a number of type LONG")]
    [InlineData("cleanup.policy", "compact, x,y", "Invalid value x for configuration cleanup.policy: String must be one of: compact, delete")]
    [InlineData("cleanup.policy", "compact,", "Configuration 'cleanup.policy' values must not be empty.")]
    [InlineData("retention.ms", "soon", "Invalid value soon for configuration retention.ms: Not a number of type LONG")]
    [InlineData("preallocate", "yes", "Invalid value yes for configuration preallocate: Expected value to be either true or false")]
    [InlineData("min.cleanable.dirty.ratio", "1.5", "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1")]
    [InlineData("message.timestamp.type", "Now",
        "Invalid value Now for configuration message.timestamp.type: String must be one of: CreateTime, LogAppendTime")]
    [InlineData("compression.lz4.level", "18", "Invalid value 18 for configuration compression.lz4.level: Value must be no more than 17")]
    [InlineData("retention.ms", "60000", null)]
    [InlineData("cleanup.policy", "compact, delete", null)]
    [InlineData("compression.gzip.level", "-1", null)]
    [InlineData("compression.gzip.level", "0", "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1")]
    [InlineData("cleanup.policy", "delete,delete", null)]
    [InlineData("min.cleanable.dirty.ratio", "nan", "Invalid value nan for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE")]
    [InlineData("min.cleanable.dirty.ratio", "NaN", null)]
    [InlineData("min.cleanable.dirty.ratio", "infinity", "Invalid value infinity for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE")]
    [InlineData("min.cleanable.dirty.ratio", "1e400", "Invalid value Infinity for configuration min.cleanable.dirty.ratio: Value must be no more than 1")]
    [InlineData("min.cleanable.dirty.ratio", "0x1p-1", null)]
    [InlineData("min.cleanable.dirty.ratio", "0x", "Invalid value 0x for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE")]
    public void Values_are_held_against_type_and_rule(string name, string value, string? expected)
    {
        Assert.Equal(expected is null, ConfigCatalog.FindTopic(name)!.TryParse(value, out _, out var problem));
        Assert.Equal(expected, problem);
    }

    private static string Flag(bool? value) => value switch { null => "", true => "true", false => "false" };

    private static string Synonym(ConfigSynonym synonym) =>
        synonym.Factor switch { 1 => synonym.Name, 60_000 => synonym.Name + " (minutes to ms)", _ => synonym.Name + " (hours to ms)" };

    private static ConfigScope Scope(string text) => text switch
    {
        "broker-dynamic-only" => ConfigScope.BrokerDynamicOnly,
        "client-metrics" => ConfigScope.ClientMetrics,
        "user,client-id quota" => ConfigScope.UserClientQuota,
        "ip quota" => ConfigScope.IpQuota,
        "remote-log-metadata-manager" => ConfigScope.RemoteLogMetadataManager,
        _ => Enum.Parse<ConfigScope>(text, ignoreCase: true),
    };

    [Theory]
    [InlineData("min.cleanable.dirty.ratio", ".5", "0.5")]
    [InlineData("min.cleanable.dirty.ratio", "1d", "1.0")]
    [InlineData("min.cleanable.dirty.ratio", "0.5f", "0.5")]
    [InlineData("min.cleanable.dirty.ratio", "0x1.8p-2", "0.375")]
    [InlineData("min.cleanable.dirty.ratio", "-0x.8p0", "-0.5")]
    [InlineData("min.cleanable.dirty.ratio", "1e-4", "1.0E-4")]
    [InlineData("min.cleanable.dirty.ratio", "12345678", "1.2345678E7")]
    [InlineData("min.cleanable.dirty.ratio", "1.7976931348623157E308", "1.7976931348623157E308")]
    [InlineData("min.cleanable.dirty.ratio", "+Infinity", "Infinity")]
    [InlineData("min.cleanable.dirty.ratio", "-0", "-0.0")]
    [InlineData("retention.ms", " +5 ", "5")]
    [InlineData("preallocate", "TRUE", "true")]
    [InlineData("cleanup.policy", "delete , compact,delete", "delete,compact")]
    [InlineData("retention.ms", "soon", "soon")]
    public void A_value_is_shown_as_Java_understood_it(string name, string value, string expected) =>
        Assert.Equal(expected, ConfigCatalog.FindTopic(name)!.Render(value));
}
