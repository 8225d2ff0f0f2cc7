using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.CommandLine;
using KafkaCompat.Server.Logging;
using KafkaCompat.Server.Settings;
using KafkaCompat.Server.Tests.Hosting;
using Xunit;

namespace KafkaCompat.Server.Tests.CommandLine;

/// <summary>What a command line asks for, and what is said of one that asks for nothing.</summary>
public sealed class ProgramArgumentsTests
{
    [Theory]
    [InlineData("help", "help")]
    [InlineData("--help", "help")]
    [InlineData("-h", "help")]
    [InlineData("version", "version")]
    [InlineData("--version", "version")]
    [InlineData("-v", "version")]
    [InlineData("health", "health")]
    [InlineData("decode", "decode")]
    [InlineData("random-uuid", "random-uuid")]
    [InlineData("server.properties", "")]
    [InlineData("./topics", "")]
    public void The_first_word_says_what_to_do(string word, string command) => Assert.Equal(command, ProgramArguments.Parse([word]).Command.Word);

    [Theory]
    [InlineData("There is no command topics. Topics are created by clients", "topics")]
    [InlineData("There is no command helth; did you mean health?", "helth")]
    [InlineData("There is no command and no file nonsense", "nonsense")]
    [InlineData("The command check has to come first: kafkacompat check …", "--override", "a=b", "check")]
    [InlineData("Unknown option --prot; did you mean --port?", "--prot", "1")]
    [InlineData("Unknown option --x; see kafkacompat --help.", "--x")]
    [InlineData("--port needs a number from 0 to 65535, not 65536.", "--port", "65536")]
    [InlineData("--port needs a number from 0 to 65535, not -1.", "--port", "-1")]
    [InlineData("--port needs a number.", "--port")]
    [InlineData("--override needs key=value.", "--override")]
    [InlineData("One properties file at most; a.properties and b.properties were given.", "a.properties", "b.properties")]
    public void What_it_cannot_do_is_said_with_what_was_probably_meant(string expected, params string[] arguments) =>
        Assert.StartsWith(expected, Assert.Throws<ConfigurationException>(() => ProgramArguments.Parse(arguments)).Message, StringComparison.Ordinal);

    [Fact]
    public void Help_names_every_command() =>
        Assert.All(ProgramCommands.All, static command => Assert.Contains($"kafkacompat {command.Word}", ProgramHelp.Text, StringComparison.Ordinal));

    [Theory]
    [InlineData("PLAINTEXT://localhost:29092,CONTROLLER://localhost:29093", "localhost:29093", "--port", "29092")]
    [InlineData("PLAINTEXT://localhost:29092,CONTROLLER://localhost:29093", "localhost:29093", "--port=29092")]
    [InlineData("PLAINTEXT://localhost:65535,CONTROLLER://localhost:65534", "localhost:65534", "--port", "65535")]
    [InlineData("PLAINTEXT://:5000,CONTROLLER://localhost:5001", "localhost:5001", "--port", "5000", "--override", "listeners=PLAINTEXT://:9092")]
    public void A_port_moves_the_controllers_too_without_a_file(string listeners, string quorum, params string[] arguments)
    {
        var config = ProgramSettings.Load(ProgramArguments.Parse(arguments).Node);
        Assert.Equal(listeners, string.Join(',', config.Listeners.All));
        Assert.Equal([quorum], config.GetList("controller.quorum.bootstrap.servers"));
    }

    [Theory]
    [InlineData("PLAINTEXT://:5000,CONTROLLER://:9093", "PLAINTEXT://host:5000", "host:9093", 5000)]
    [InlineData("PLAINTEXT://:9093,CONTROLLER://:9094", "PLAINTEXT://host:9093", "host:9094", 9093)]
    public void With_a_file_the_controllers_port_stays_unless_it_is_that_one(string listeners, string advertised, string quorum, int port)
    {
        var settings = new List<ConfigEntry>
        {
            new("controller.listener.names", "CONTROLLER", null),
            new("listeners", "PLAINTEXT://:9092, CONTROLLER://:9093", null),
            new("advertised.listeners", "PLAINTEXT://host:9092", null),
            new("controller.quorum.bootstrap.servers", "host:9093", null),
        };
        PortOption.Apply(settings, port, controllerFollows: false);
        Assert.Equal(listeners, settings.FindLast(static entry => entry.Name == "listeners")?.Value);
        Assert.Equal(advertised, settings.FindLast(static entry => entry.Name == "advertised.listeners")?.Value);
        Assert.Equal(quorum, settings.FindLast(static entry => entry.Name == "controller.quorum.bootstrap.servers")?.Value);
    }

    /// <summary>What is wrong is told as somebody wrote it and with the place where it stands, whatever --port would make of it.</summary>
    [Theory]
    [InlineData("Unable to parse foo to a broker endpoint (--override)", "listeners=foo")]
    [InlineData("The listener PLAINTEXT://localhost:99999 cannot be bound: a port is 0 to 65535",
        "listeners=PLAINTEXT://localhost:99999,CONTROLLER://localhost:1")]
    [InlineData("No security protocol defined for listener MINE (--override)", "listeners=MINE://localhost:9092")]
    [InlineData("Listener TLS://localhost:2 uses SSL, which is not served yet", "listeners=PLAINTEXT://localhost:1,TLS://localhost:2",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,TLS:SSL")]
    [InlineData("Unable to parse host to a broker endpoint (--override)", "advertised.listeners=host")]
    [InlineData("Invalid value nothing for configuration controller.quorum.bootstrap.servers: expected host:port. (--override)",
        "controller.quorum.bootstrap.servers=nothing")]
    [InlineData("Unknown setting num.partition; did you mean num.partitions? (--override)", "num.partition=1")]
    public void A_port_hides_no_problem_of_other_settings(string expected, params string[] overrides)
    {
        string[] all = ["num.io.threads=x", .. overrides];
        var without = Problems([.. all.SelectMany(static text => new[] { "--override", text })]);
        var with = Problems(["--port", "29092", .. all.SelectMany(static text => new[] { "--override", text })]);
        Assert.Contains(with, problem => problem.Contains(expected, StringComparison.Ordinal));
        Assert.Contains(with, static problem => problem.StartsWith("Invalid value x for configuration num.io.threads", StringComparison.Ordinal));
        Assert.Equal(without, with);
        Assert.DoesNotContain(with, static problem => problem.Contains("--port", StringComparison.Ordinal)
            || problem.Contains("29092", StringComparison.Ordinal));
    }

    [Fact]
    public void A_port_that_another_listener_has_is_its_own_problem() =>
        Assert.Contains("(--port)",
            Assert.Single(
            Problems(
            ["--override", "listeners=PLAINTEXT://localhost:1,MORE://localhost:2", "--override",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,MORE:PLAINTEXT", "--port", "2"])), StringComparison.Ordinal);

    [Fact]
    public void A_controllers_port_that_somebody_chose_stays()
    {
        var config = ProgramSettings.Load(
            ProgramArguments.Parse(["--override", "listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:7000", "--port", "5000"]).Node);
        Assert.Equal("PLAINTEXT://localhost:5000,CONTROLLER://localhost:7000", string.Join(',', config.Listeners.All));
        Assert.Equal(["localhost:7000"], config.GetList("controller.quorum.bootstrap.servers"));
    }

    /// <summary>A list tells of every entry that is wrong, each with where it stands.</summary>
    [Theory]
    [InlineData("kafkacompat.topics=a:0,b/c,__consumer_offsets,d,d", "a:0 does not say how many partitions", "contains one or more characters",
        "__consumer_offsets", "d is named twice")]
    [InlineData("max.connections.per.ip.overrides=a,b:x,c/d:1,e:1", "'a' is not host:connections", "'b:x' is not host:connections", "invalid addresses : c/d")]
    [InlineData("listeners=foo,bar,PLAINTEXT://localhost:0,CONTROLLER://localhost:0", "Unable to parse foo", "Unable to parse bar")]
    [InlineData("controller.quorum.voters=a,b", "Invalid value a", "Invalid value b")]
    [InlineData("controller.quorum.bootstrap.servers=a,b", "Invalid value a", "Invalid value b")]
    public void A_list_tells_all_that_is_wrong(string setting, params string[] expected)
    {
        var problems = Problems(["--override", setting]);
        Assert.Equal(expected.Length, problems.Count);
        Assert.All(expected,
            text => Assert.Contains(problems, problem => problem.Contains(text, StringComparison.Ordinal)
            && problem.EndsWith("(--override)", StringComparison.Ordinal)));
    }

    /// <summary>Without a file broker.id alone is the node's id, and a map of protocols needs no word about the controller's listener.</summary>
    [Fact]
    public void What_nobody_has_to_say_without_a_file_is_filled_in()
    {
        Assert.Equal(7, Loaded("broker.id=7").NodeId);
        Assert.Equal(7, Loaded("broker.id=7", "node.id=7").NodeId);
        Assert.Contains("`broker.id`", Assert.Single(Problems(["--override", "broker.id=7", "--override", "node.id=8"])), StringComparison.Ordinal);
        var config = Loaded("listeners=MINE://localhost:1", "listener.security.protocol.map=MINE:PLAINTEXT", "inter.broker.listener.name=MINE");
        Assert.Equal(["MINE://localhost:1", "CONTROLLER://localhost:2"], config.Listeners.All.Select(static listener => listener.ToString()));
        config =
            Loaded("listeners=MINE://localhost:1", "listener.security.protocol.map=MINE:PLAINTEXT,controller:PLAINTEXT", "inter.broker.listener.name=MINE");
        Assert.Equal("MINE:PLAINTEXT,controller:PLAINTEXT", config.GetString("listener.security.protocol.map"));

        static ServerConfig Loaded(params string[] overrides) =>
            ProgramSettings.Load(ProgramArguments.Parse([.. overrides.SelectMany(static text => new[] { "--override", text })]).Node);
    }

    [Theory]
    [InlineData("none.properties")]
    [InlineData("https://localhost:9464")]
    [InlineData("localhost")]
    [InlineData("localhost:70000")]
    [InlineData("none")]
    public async Task Health_of_what_is_neither_a_file_nor_a_URL_says_so(string text)
    {
        var refused = await Assert.ThrowsAsync<ConfigurationException>(() => HealthCommand.Run([text], TextWriter.Null, TextWriter.Null));
        Assert.Equal($"{text} is neither a file, nor host:port, nor a URL that begins with http://", refused.Message);
    }

    [Theory]
    [InlineData("localhost:9464", "http://localhost:9464/health/ready")]
    [InlineData(":9464", "http://127.0.0.1:9464/health/ready")]
    [InlineData("0.0.0.0:9464", "http://127.0.0.1:9464/health/ready")]
    [InlineData("[::1]:80", "http://[::1]/health/ready")]
    [InlineData("kafka-1.example:9464", "http://kafka-1.example:9464/health/ready")]
    [InlineData("http://localhost:9464", "http://localhost:9464/health/ready")]
    [InlineData("http://localhost:9464/health/live", "http://localhost:9464/health/live")]
    public void Health_is_asked_of_a_host_and_a_port_or_of_a_URL(string text, string expected) => Assert.Equal(expected, HealthCommand.UrlOf(text).ToString());

    /// <summary>What follows a command and means nothing to it was meant for something: it is refused, whichever the command.</summary>
    [Theory]
    [InlineData("random-uuid takes no arguments, and x was given.", "random-uuid", "x")]
    [InlineData("version takes no arguments, and x was given.", "version", "x")]
    [InlineData("help takes no arguments, and x was given.", "help", "x")]
    [InlineData("version takes no arguments, and x was given.", "--version", "x")]
    [InlineData("health was given an empty text. It takes a URL, HOST:PORT or a properties file, or nothing to ask the node that the environment describes.",
        "health", "")]
    [InlineData("One URL or one file at most; a and b were given.", "health", "a", "b")]
    [InlineData("Unknown option x; see kafkacompat format --help.", "format", "x")]
    [InlineData("check takes what a start takes; version is a command.", "check", "version")]
    [InlineData("check takes what a start takes; format is a command.", "check", "format", "--config", "x")]
    public async Task What_a_command_does_not_take_is_refused(string expected, params string[] words)
    {
        var arguments = ProgramArguments.Parse(words);
        var output = new ProgramOutput(TextWriter.Null, TextWriter.Null, TimeProvider.System);
        Assert.Equal(expected, (await Assert.ThrowsAsync<ConfigurationException>(() => arguments.Command.Run(arguments, output))).Message);
    }

    [Theory]
    [InlineData("random-uuid")]
    [InlineData("version")]
    [InlineData("help")]
    [InlineData("check")]
    [InlineData("format")]
    [InlineData("health")]
    [InlineData("decode")]
    public async Task Every_command_has_help(string word)
    {
        var (code, said, errors) = await ProgramProcess.Run(Path.GetTempPath(), word, "--help");
        Assert.Equal((0, ""), (code, errors));
        Assert.Contains($"kafkacompat {word}", said, StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Problems(string[] arguments) =>
        [.. Assert.Throws<ConfigurationException>(() => ProgramSettings.Load(ProgramArguments.Parse(arguments).Node)).Problems.Select(static problem =>
            problem.Message)];
}
