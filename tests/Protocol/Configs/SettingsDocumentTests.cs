using System.Text;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Configs;

/// <summary>What protocol-specs/config-effects.spec states of each setting is shown by docs/settings.md.</summary>
public sealed class SettingsDocumentTests
{
    /// <summary>Set to 1, the test writes the document instead of comparing it.</summary>
    private const string WriteVariable = "KAFKACOMPAT_WRITE_DOCS";

    private static readonly (ConfigScope Scope, string Title)[] Scopes =
    [
        (ConfigScope.Broker, "Broker: server.properties"), (ConfigScope.BrokerDynamicOnly, "Broker: only while it runs"), (ConfigScope.Topic, "Topic"),
        (ConfigScope.Group, "Group"),
        (ConfigScope.ClientMetrics, "Client metrics"), (ConfigScope.User, "User"), (ConfigScope.UserClientQuota, "User and client quotas"),
        (ConfigScope.IpQuota, "Quotas of addresses"),
        (ConfigScope.RemoteLogMetadataManager, "Tiered storage's metadata"),
    ];

    private static string Root => Path.GetFullPath(KafkaReference.RepositoryRoot);

    [Fact]
    public void The_table_of_settings_is_what_the_specs_say()
    {
        var file = Path.Combine(Root, "docs", "settings.md");
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1") File.WriteAllText(file, Document());
        Assert.Equal(Document(), File.ReadAllText(file).ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Every_setting_without_effect_says_why()
    {
        foreach (var key in All) Assert.True(key.Effect == ConfigEffect.InEffect || key.Reason.Length > 0, key.Name);
    }

    [Fact]
    public void Every_statement_is_about_a_setting()
    {
        var names = All.Select(static key => key.Name).ToHashSet(StringComparer.Ordinal);
        var stated = File.ReadLines(Path.Combine(Root, "protocol-specs", "config-effects.spec"))
            .Where(static line => line.StartsWith("    ", StringComparison.Ordinal))
            .SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain(stated, name => name[^1] == '*'
            ? !names.Any(known => known.StartsWith(name[..^1], StringComparison.Ordinal))
            : !names.Contains(name));
    }

    private static IEnumerable<ConfigKey> All => Scopes.SelectMany(static scope => ConfigCatalog.Of(scope.Scope));

    private static string Document()
    {
        var text = new StringBuilder();
        _ = text.Append("# Every setting of Apache Kafka 4.4, and what it does here\n\n");
        _ = text.Append(
            "Made from `protocol-specs/configs.spec` and `protocol-specs/config-effects.spec` by a test of `tests/Protocol/`, which fails where this file "
            + "differs\n");
        _ = text.Append($"(`{WriteVariable}=1` in its environment rewrites it).\n\n");
        _ = text.Append(
            "**in effect**: as in Kafka. **no effect**: accepted, and nothing here needs it. **refused**: a value other than its default ends the start, or "
            + "the request that brings it,\n");
        _ = text.Append("with a clear line. Settings that are given and have no effect are named, with the reason, in the log of each start.\n");
        foreach (var effect in Enum.GetValues<ConfigEffect>())
            _ = text.Append($"{(effect == ConfigEffect.InEffect ? "\n" : ", ")}{All.Count(key => key.Effect == effect)} {Word(effect)}");
        _ = text.Append(".\n");
        foreach (var (scope, title) in Scopes)
        {
            _ = text.Append($"\n## {title}\n| Setting | Default | Changes | Here |\n|---|---|---|---|\n");
            foreach (var key in ConfigCatalog.Of(scope).OrderBy(static key => key.Name, StringComparer.Ordinal))
            {
                _ = text.Append(
                    $"| `{key.Name}` | {Default(key)} | {Changes(key.Dynamic)} | {Word(key.Effect)}{(key.Reason.Length > 0 ? $": {key.Reason}" : "")} |\n");
            }
        }
        return text.ToString();
    }

    private static string Word(ConfigEffect effect) =>
        effect switch { ConfigEffect.InEffect => "in effect", ConfigEffect.NoEffect => "no effect", _ => "refused" };

    private static string Default(ConfigKey key) =>
        key.IsRequired
            ? "required"
            : key.Default is null ? "" : key.Default.Length == 0 ? "empty" : $"`{key.Default.Replace("|", "\\|", StringComparison.Ordinal)}`";

    private static string Changes(ConfigDynamic dynamic) => dynamic switch
    {
        ConfigDynamic.ReadOnly => "at the start",
        ConfigDynamic.PerBroker => "at the start (in Kafka for one broker while it runs)",
        ConfigDynamic.ClusterWide => "while brokers run",
        _ => "with its resource",
    };
}
