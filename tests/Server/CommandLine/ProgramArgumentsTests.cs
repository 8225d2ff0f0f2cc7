using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.CommandLine;
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
        var config = ProgramSettings.Load(ProgramArguments.Parse(arguments));
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
}
