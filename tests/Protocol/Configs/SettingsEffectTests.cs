using System.Text.RegularExpressions;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Configs;

/// <summary>
/// No setting is said to be in effect that no code reads, and none to have no effect that some code does. Reading is more than naming: checks, descriptions and
/// presets do not count, and a value that is put into a property counts where the property is used.
/// </summary>
public sealed partial class SettingsEffectTests
{
    /// <summary>Sources that list, check, show or preset settings, by the beginnings of their paths. What only they name has no effect.</summary>
    private static readonly string[] NoReaders =
    [
        "KafkaCompat.Protocol/Configs/", "KafkaCompat.Protocol.Generator/", "KafkaCompat.Broker/ConfigDescriptions/",
        "KafkaCompat.Broker/Configs/BrokerConfigRules", "KafkaCompat.Broker/Configs/ConfigCrossChecks", "KafkaCompat.Broker/Configs/EnvironmentSettings",
        "KafkaCompat.Broker/Configs/KnownSettings", "KafkaCompat.Broker/Configs/UnservedSettings",
        "KafkaCompat.Server/CommandLine/ProgramSettings", "KafkaCompat.Testing/Hosting/BrokerSettings",
    ];

    /// <summary>
    /// Where a topic's settings become properties, and those the properties of other records. Whoever else uses one of these has the setting's value.
    /// </summary>
    private static readonly string[] TopicProperties = ["KafkaCompat.Broker/Configs/TopicConfig.cs", "KafkaCompat.Broker/Configs/TopicConfigExtensions.cs"];

    /// <summary>What the configuration of a node hands out beside <c>Get…(name)</c>.</summary>
    private static readonly string[] NodeProperties =
        ["KafkaCompat.Broker/Configs/ServerConfig.cs", "KafkaCompat.Broker/Configs/NodeRoles.cs", "KafkaCompat.Broker/Configs/ListenerSettings.cs"];

    /// <summary>Code by file, without comments.</summary>
    private static readonly Dictionary<string, string> Sources = Read();

    private static readonly string Readers =
        Joined(static file => !NoReaders.Any(prefix => file.StartsWith(prefix, StringComparison.Ordinal)) && !TopicProperties.Contains(file));

    public static TheoryData<string> InEffect =>
        [.. Enum.GetValues<ConfigScope>().SelectMany(ConfigCatalog.Of).Where(static key => key.Effect == ConfigEffect.InEffect)
            .Select(static key => $"{key.Scope} {key.Name}")];

    [Theory]
    [MemberData(nameof(InEffect))]
    public void A_setting_in_effect_is_read(string setting)
    {
        var scope = Enum.Parse<ConfigScope>(setting.Split(' ')[0]);
        var key = ConfigCatalog.Find(scope, setting.Split(' ')[1])!;
        Assert.True(scope == ConfigScope.Topic
            ? IsTopicRead(key)
            : IsRead(key.Name) || BoundsGroups(key) || ConfigCatalog.Topic.Any(topic => Supplies(key, topic) && IsTopicRead(topic)), setting);
    }

    /// <summary>The same for what was read: a property of the node's configuration that nobody uses is a setting without effect.</summary>
    [Fact]
    public void What_a_configuration_hands_out_is_used()
    {
        var handedOut = NodeProperties.SelectMany(static file => Property().Matches(Sources[file]).Concat(Positional().Matches(Sources[file])));
        Assert.DoesNotContain(handedOut.Select(static match => match.Groups["name"].Value), static name => Regex.Count(Readers, $@"\b{name}\b") == 1);
    }

    /// <summary>A broker's setting whose value the source takes has an effect, or a reason that says it is only checked.</summary>
    [Fact]
    public void No_setting_that_is_read_is_said_to_have_no_effect()
    {
        var read = Accessor().Matches(Joined(static _ => true)).Select(static match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(ConfigCatalog.Broker
            .Where(key => key.Effect == ConfigEffect.NoEffect && !key.Reason.Contains("checked", StringComparison.Ordinal) && read.Contains(key.Name))
            .Select(static key => key.Name));
    }

    /// <summary>A call has the name among what it is given, or a constant has it that is used. Where its result becomes a property, that is used too.</summary>
    private static bool IsRead(string name)
    {
        var literal = Regex.Escape($"\"{name}\"");
        var isGiven = Regex.IsMatch(Readers, $@"\w\([^()]*{literal}");
        var constants = Regex.Matches(Readers, $@"const string (?<name>\w+) = {literal}").Select(static match => match.Groups["name"].Value);
        var properties = Regex.Matches(Readers, $@"\b(?<name>[A-Z]\w*) = (?:\(\w+\))?config\.Get\w*\({literal}")
            .Select(static match => match.Groups["name"].Value);
        return (isGiven || constants.Any(static constant => Regex.Count(Readers, $@"\b{constant}\b") > 1))
            && properties.All(static property => Uses(Readers, property));
    }

    /// <summary>One of the properties that a topic's setting ends up in is used.</summary>
    private static bool IsTopicRead(ConfigKey key)
    {
        var made = string.Join('\n', TopicProperties.Select(static file => Sources[file]));
        var properties = Regex.Matches(made, $@"\b(?<name>[A-Z]\w*) = [^;]*\(""{Regex.Escape(key.Name)}""").Select(static match => match.Groups["name"].Value)
            .ToHashSet(StringComparer.Ordinal);
        for (var before = -1; before != properties.Count;)
        {
            before = properties.Count;
            properties.UnionWith(properties.SelectMany(name => Regex.Matches(made, $@"\b(?<name>[A-Z]\w*) =>? [^;\n]*\b{name}\b"))
                .Select(static match => match.Groups["name"].Value).ToList());
        }

        // Settings that the controller goes by too, or alone.
        return properties.Any(static property => Uses(Readers, property)) || (properties.Count == 0 && IsRead(key.Name));
    }

    /// <summary>The bounds of groups' settings are found by the names of these; a test of the broker holds each to it.</summary>
    private static bool BoundsGroups(ConfigKey key) => key.Reason == "bounds of the group's settings";

    private static bool Supplies(ConfigKey broker, ConfigKey topic) => topic.Synonyms.Any(synonym => synonym.Name == broker.Name);

    private static bool Uses(string source, string property) => Regex.IsMatch(source, $@"(?:\.|[{{,+] |=> ){property}\b(?! = )|\b{property}\b(?=:)");

    private static string Joined(Func<string, bool> isIn) => string.Join('\n', Sources.Where(source => isIn(source.Key)).Select(static source => source.Value));

    private static Dictionary<string, string> Read()
    {
        var root = Path.Combine(Path.GetFullPath(KafkaReference.RepositoryRoot), "src");
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))
            .Where(static file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .ToDictionary(static file => file, file => Written(Comment().Replace(File.ReadAllText(Path.Combine(root, file)), "")), StringComparer.Ordinal);
    }

    /// <summary>With each setting by its name, where the code has its constant.</summary>
    private static string Written(string code) => Constant().Replace(code, static constant =>
        typeof(ConfigKeys).GetField(constant.Groups["name"].Value) is { } field ? $"\"{field.GetRawConstantValue()}\"" : constant.Value);

    [GeneratedRegex(@"\bConfigKeys\.(?<name>\w+)")]
    private static partial Regex Constant();

    [GeneratedRegex(@"^ *//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex("""\b(?:Get\w*|\w+Of)\((?:\w+, *)?"(?<name>[a-z.]+)"\)""")]
    private static partial Regex Accessor();

    /// <summary>A property that reads or keeps a value; not one that is called with a name.</summary>
    [GeneratedRegex(@"^    public (?:[\w<>?]+) (?<name>[A-Z]\w*) (?:=>|\{)", RegexOptions.Multiline)]
    private static partial Regex Property();

    [GeneratedRegex(@"(?<=record \w+\([^)]*)\b[\w<>?]+ (?<name>[A-Z]\w*)(?=[,)])")]
    private static partial Regex Positional();
}
