using System.Text;
using System.Text.RegularExpressions;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Configs;

/// <summary>What protocol-specs/config-effects.spec states of each setting is what the source does, and docs/settings.md shows it.</summary>
public sealed partial class SettingsDocumentTests
{
    /// <summary>Set to 1, the test writes the document instead of comparing it.</summary>
    private const string WriteVariable = "KAFKACOMPAT_WRITE_DOCS";

    private static readonly (ConfigScope Scope, string Title)[] Scopes =
    [
        (ConfigScope.Broker, "Broker: server.properties"), (ConfigScope.BrokerDynamicOnly, "Broker: only while it runs"), (ConfigScope.Topic, "Topic"), (ConfigScope.Group, "Group"),
        (ConfigScope.ClientMetrics, "Client metrics"), (ConfigScope.User, "User"), (ConfigScope.UserClientQuota, "User and client quotas"), (ConfigScope.IpQuota, "Quotas of addresses"),
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
        var stated = File.ReadLines(Path.Combine(Root, "protocol-specs", "config-effects.spec")).Where(static line => line.StartsWith("    ", StringComparison.Ordinal))
            .SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain(stated, name => name[^1] == '*' ? !names.Any(known => known.StartsWith(name[..^1], StringComparison.Ordinal)) : !names.Contains(name));
    }

    /// <summary>A setting in effect is named by the source, itself or as the broker's name for a topic's setting that is.</summary>
    [Fact]
    public void Every_setting_in_effect_is_read()
    {
        var source = Source();
        var named = All.Where(key => source.Contains($"\"{key.Name}\"", StringComparison.Ordinal)).Select(static key => key.Name).ToHashSet(StringComparer.Ordinal);
        named.UnionWith(ConfigCatalog.Topic.Where(key => named.Contains(key.Name)).SelectMany(static key => key.Synonyms).Select(static synonym => synonym.Name));
        Assert.Empty(All.Where(key => key is { Effect: ConfigEffect.InEffect, Reason: "" } && !named.Contains(key.Name)).Select(static key => key.Name));
    }

    /// <summary>A broker's setting whose value the source takes has an effect, or a reason that says it is only checked.</summary>
    [Fact]
    public void No_setting_that_is_read_is_said_to_have_no_effect()
    {
        var read = Accessor().Matches(Source()).Select(static match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(ConfigCatalog.Broker
            .Where(key => key.Effect == ConfigEffect.NoEffect && !key.Reason.Contains("checked", StringComparison.Ordinal) && read.Contains(key.Name))
            .Select(static key => key.Name));
    }

    private static IEnumerable<ConfigKey> All => Scopes.SelectMany(static scope => ConfigCatalog.Of(scope.Scope));

    private static string Source()
    {
        var text = new StringBuilder();
        foreach (var project in new[] { "Cluster", "Broker", "Server" })
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Root, "src", $"KafkaCompat.{project}"), "*.cs", SearchOption.AllDirectories))
            {
                if (!file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)) _ = text.Append(File.ReadAllText(file));
            }
        }
        return text.ToString();
    }

    private static string Document()
    {
        var text = new StringBuilder();
        _ = text.Append("# Every setting of Apache Kafka 4.4, and what it does here\n\n");
        _ = text.Append("Made from `protocol-specs/configs.spec` and `protocol-specs/config-effects.spec` by a test of `tests/Protocol/`, which fails where this file differs\n");
        _ = text.Append($"(`{WriteVariable}=1` in its environment writes it anew).\n\n");
        _ = text.Append("**in effect**: as in Kafka. **no effect**: accepted, and nothing here needs it. **refused**: a value other than its default ends the start with a clear line.\n");
        foreach (var effect in Enum.GetValues<ConfigEffect>())
            _ = text.Append($"{(effect == ConfigEffect.InEffect ? "\n" : ", ")}{All.Count(key => key.Effect == effect)} {Word(effect)}");
        _ = text.Append(".\n");
        foreach (var (scope, title) in Scopes)
        {
            _ = text.Append($"\n## {title}\n| Setting | Default | Changes | Here |\n|---|---|---|---|\n");
            foreach (var key in ConfigCatalog.Of(scope).OrderBy(static key => key.Name, StringComparer.Ordinal))
                _ = text.Append($"| `{key.Name}` | {Default(key)} | {Changes(key.Dynamic)} | {Word(key.Effect)}{(key.Reason.Length > 0 ? $": {key.Reason}" : "")} |\n");
        }
        return text.ToString();
    }

    private static string Word(ConfigEffect effect) => effect switch { ConfigEffect.InEffect => "in effect", ConfigEffect.NoEffect => "no effect", _ => "refused" };

    private static string Default(ConfigKey key) =>
        key.IsRequired ? "required" : key.Default is null ? "" : key.Default.Length == 0 ? "empty" : $"`{key.Default.Replace("|", "\\|", StringComparison.Ordinal)}`";

    private static string Changes(ConfigDynamic dynamic) => dynamic switch
    {
        ConfigDynamic.ReadOnly => "at the start",
        ConfigDynamic.PerBroker => "at the start (in Kafka for one broker while it runs)",
        ConfigDynamic.ClusterWide => "while brokers run",
        _ => "with its resource",
    };

    [GeneratedRegex("""\b(?:Get\w*|\w+Of)\((?:\w+, *)?"(?<name>[a-z.]+)"\)""")]
    private static partial Regex Accessor();
}
