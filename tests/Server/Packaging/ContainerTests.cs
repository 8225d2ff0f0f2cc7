using System.Text.RegularExpressions;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.CommandLine;
using KafkaCompat.Server.Settings;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Packaging;

/// <summary>docker-compose.yml, the Dockerfile and .dockerignore fit each other and the program.</summary>
public sealed partial class ContainerTests
{
    private const string Dockerfile = "src/KafkaCompat.Server/Dockerfile";

    private static readonly string Root = Path.GetFullPath(KafkaReference.RepositoryRoot);
    private static readonly string[] Image = Instructions(Text(Dockerfile));
    private static readonly Dictionary<string, List<string>> Compose = Leaves(Text("docker-compose.yml"));

    [Fact]
    public void The_compose_file_builds_from_a_Dockerfile_that_is_there()
    {
        Assert.Equal(["."], Compose["services/kafka/build/context"]);
        Assert.Equal([Dockerfile], Compose["services/kafka/build/dockerfile"]);
    }

    [Fact]
    public void Published_ports_are_listened_on_and_exposed()
    {
        var exposed = Image.Where(static line => line.StartsWith("EXPOSE ", StringComparison.Ordinal)).SelectMany(static line => line.Split(' ')[1..]).ToList();
        var published = Compose["services/kafka/ports"].Select(static port => port.Split(':')[^1]).ToList();
        Assert.Equal(published, published.Intersect(exposed));

        // Those of compose stand over those of the image.
        var config = Config([.. ImageVariables, .. ComposeVariables]);
        var listened = config.Listeners.OfBroker.Append(config.HttpListener!)
            .Select(static listener => listener.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(published, published.Intersect(listened));
        Assert.All(Compose["services/kafka/ports"], static port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_advertised_to_this_machine_is_published() =>
        Assert.Contains(
            Config([.. ImageVariables, .. ComposeVariables]).Listeners.AdvertisedOfBroker,
            static listener => listener.Host == "localhost" && Compose["services/kafka/ports"].Contains($"127.0.0.1:{listener.Port}:{listener.Port}"));

    [Fact]
    public void Containers_find_each_other_by_the_name_of_the_service() =>
        Assert.Contains(Config([.. ImageVariables, .. ComposeVariables]).Listeners.AdvertisedOfBroker, static listener => listener.Host == "kafka");

    /// <summary>Who sets the listeners alone advertises them.</summary>
    [Fact]
    public void What_the_image_advertises_follows_the_listeners()
    {
        var config = Config(
            [.. ImageVariables, new("KAFKA_LISTENERS", "PLAINTEXT://:29092,OTHER://:29093"),
            new("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT,CONTROLLER:PLAINTEXT")]);
        Assert.Equal(["localhost:29092", "localhost:29093"], config.Listeners.AdvertisedOfBroker.Select(static listener => $"{listener.Host}:{listener.Port}"));
        Assert.Equal(["localhost:9092"], Config(ImageVariables).Listeners.AdvertisedOfBroker.Select(static listener => $"{listener.Host}:{listener.Port}"));
    }

    /// <summary>Flags that Docker before 25 takes, and a start that is refused again and again does not go on for ever.</summary>
    [Fact]
    public void Older_programs_take_what_the_files_say()
    {
        Assert.DoesNotContain(Image, static line => line.Contains("--start-interval", StringComparison.Ordinal));
        var unit = Text("src/KafkaCompat.Server/kafkacompat.service").Split('\n');
        Assert.Contains("RestartPreventExitStatus=1", unit);
        Assert.Contains("StartLimitIntervalSec=60", unit);
        Assert.True(Array.IndexOf(unit, "StartLimitIntervalSec=60") < Array.IndexOf(unit, "[Service]"), "systemd reads it in [Unit]");
    }

    [Fact]
    public void Data_lies_on_the_volume()
    {
        var volume = Assert.Single(Image, static line => line.StartsWith("VOLUME ", StringComparison.Ordinal)).Split(' ')[1];
        Assert.Equal([volume], Config(ImageVariables).LogDirs);
        Assert.Equal([volume], Config([.. ImageVariables, .. ComposeVariables]).LogDirs);
        Assert.Equal(["data:" + volume], Compose["services/kafka/volumes"]);
        Assert.Contains("volumes/data", Compose.Keys);

        // A volume that docker makes belongs to whom the image's folder belongs to.
        var user = Assert.Single(Image, static line => line.StartsWith("USER ", StringComparison.Ordinal)).Split(' ')[1];
        Assert.DoesNotContain("0", user.Split(':'));
        Assert.Contains(Image, line => line.StartsWith("COPY ", StringComparison.Ordinal) && line.Contains($"--chown={user} ", StringComparison.Ordinal)
            && line.EndsWith(" " + volume, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_variable_names_a_setting()
    {
        var names = ImageVariables.Concat(ComposeVariables).Select(static pair => pair.Key)
            .Where(static name => name.StartsWith("KAFKA_", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(names);
        Assert.Equal(names.Count, EnvironmentSettings.From(names.Select(static name => KeyValuePair.Create(name, "x"))).Count());
    }

    [Fact]
    public void The_health_check_is_a_command_of_the_program_that_the_image_has()
    {
        var program = Assert.Single(Image, static line => line.StartsWith("ENTRYPOINT ", StringComparison.Ordinal))["ENTRYPOINT ".Length..].Trim('[', ']', '"');
        var check = HealthCommand().Match(Assert.Single(Image, static line => line.StartsWith("HEALTHCHECK ", StringComparison.Ordinal)));
        Assert.Equal(program, check.Groups["program"].Value);
        Assert.Equal(ProgramCommands.Health, ProgramArguments.Parse([check.Groups["command"].Value]).Command);
        Assert.Contains(Image, line => line.StartsWith("COPY --from=build ", StringComparison.Ordinal)
            && line.EndsWith(" " + program, StringComparison.Ordinal));
        Assert.Contains(Config(ImageVariables).HttpListener!.Host, (string[])["", "0.0.0.0", "127.0.0.1"]);
    }

    /// <summary>
    /// The build's context has what the program's projects take in: their own folders, the specs, and the files of the root that MSBuild and the SDK look for.
    /// </summary>
    [Fact]
    public void The_context_has_what_the_build_needs()
    {
        var let = Text(".dockerignore").Split('\n').Where(static line => line.StartsWith('!')).Select(static line => line[1..]).ToList();
        Assert.All(let, static path => Assert.True(Path.Exists(Path.Combine(Root, path)), path));
        var needed = Directory.EnumerateFiles(Root, "Directory.*.props").Select(Path.GetFileName)
            .Concat(["global.json", ".editorconfig", "src", "protocol-specs"]);
        Assert.Equal(needed.Order(StringComparer.Ordinal), let.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_unit_starts_the_program_where_its_state_is()
    {
        var unit = Text("src/KafkaCompat.Server/kafkacompat.service").Split('\n');
        Assert.Contains("Type=notify", unit);
        Assert.Contains("StateDirectory=kafkacompat", unit);
        Assert.Contains("WorkingDirectory=/var/lib/kafkacompat", unit);
        Assert.Contains(unit, static line => line.StartsWith("LimitNOFILE=", StringComparison.Ordinal));
        Assert.Contains(unit, static line => line.StartsWith("ExecStart=/usr/local/bin/kafkacompat", StringComparison.Ordinal));
        Assert.False(Path.IsPathRooted(ProgramSettings.Load(NodeArguments.None).LogDirs[0]));
    }

    private static string Text(string file) => File.ReadAllText(Path.Combine(Root, file)).ReplaceLineEndings("\n");

    private static IEnumerable<KeyValuePair<string, string>> ImageVariables =>
        Image.Where(static line => line.StartsWith("ENV ", StringComparison.Ordinal))
            .SelectMany(static line => line["ENV ".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(static pair => KeyValuePair.Create(pair[..pair.IndexOf('=')], pair[(pair.IndexOf('=') + 1)..]));

    private static IEnumerable<KeyValuePair<string, string>> ComposeVariables =>
        Compose.Where(static pair => pair.Key.StartsWith("services/kafka/environment/", StringComparison.Ordinal))
            .Select(static pair => KeyValuePair.Create(pair.Key.Split('/')[^1], pair.Value[0]));

    /// <summary>What the program makes of an environment alone.</summary>
    private static ServerConfig Config(IEnumerable<KeyValuePair<string, string>> variables)
    {
        var last = variables.GroupBy(static pair => pair.Key, StringComparer.Ordinal).Select(static group => group.Last());
        return ProgramSettings.Load(new NodeArguments(null, [.. EnvironmentSettings.From(last)]));
    }

    /// <summary>The instructions of a Dockerfile, each on one line.</summary>
    private static string[] Instructions(string text) =>
        [.. text.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n').Select(static line => line.Trim())
            .Where(static line => line.Length > 0 && line[0] != '#')];

    /// <summary>The leaves of a YAML file of nested maps with scalars and lists of scalars, which is all that ours is, by their paths.</summary>
    private static Dictionary<string, List<string>> Leaves(string text)
    {
        var leaves = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var path = new Stack<(int Indent, string Name)>();
        foreach (var line in text.Split('\n').Where(static line => line.Trim().Length > 0 && line.TrimStart()[0] != '#'))
        {
            var match = YamlLine().Match(line);
            Assert.True(match.Success, $"docker-compose.yml: {line}");
            var indent = match.Groups["indent"].Length;
            var value = match.Groups["value"].Value.Trim().Trim('"');
            if (match.Groups["item"].Success)
            {
                leaves[string.Join('/', path.Reverse().Select(static level => level.Name))].Add(value);
                continue;
            }

            while (path.TryPeek(out var level) && level.Indent >= indent)
            {
                _ = path.Pop();
            }

            path.Push((indent, match.Groups["name"].Value));
            var key = string.Join('/', path.Reverse().Select(static level => level.Name));
            Assert.True(leaves.TryAdd(key, value.Length > 0 ? [value] : []), $"docker-compose.yml: {key} comes twice");
        }

        return leaves;
    }

    [GeneratedRegex("""^(?<indent> *)(?:(?<item>- )|(?<name>[\w.-]+):(?: |$))(?<value>.*)$""")]
    private static partial Regex YamlLine();

    [GeneratedRegex("""CMD \["(?<program>[^"]+)", "(?<command>[^"]+)"\]$""")]
    private static partial Regex HealthCommand();
}
