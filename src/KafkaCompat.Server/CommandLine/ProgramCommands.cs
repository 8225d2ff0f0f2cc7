using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Server.Decode;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Settings;

namespace KafkaCompat.Server.CommandLine;

/// <summary>The commands of the program, a row each. Help is made from this table.</summary>
internal static class ProgramCommands
{
    /// <summary>Starts a node. It is the command of a command line that begins with no other word.</summary>
    public static ProgramCommand Serve { get; } = new("", "[server.properties] [OPTION]...",
        "start a node; without a file on localhost:9092, with data in ./data", static (arguments, output) => NodeHost.Run(arguments.Node, output));

    public static ProgramCommand Help { get; } =
        new("help", "", "print this page", static (arguments, _) => Print("help", arguments, static () => ProgramHelp.Text));

    public static ProgramCommand Version { get; } =
        new("version", "", "print the version", static (arguments, _) => Print("version", arguments, static () => ProgramVersion.Text));

    public static ProgramCommand Health { get; } = new("health", "[URL | HOST:PORT | server.properties]",
        "ask a running node whether it is ready; exit code 0 or 1", static (arguments, output) =>
        HealthCommand.Run(arguments.Rest, output.Output, output.Errors));

    public static IReadOnlyList<ProgramCommand> All { get; } =
    [
        Serve,
        new("check", "[server.properties] [OPTION]...", "say all that a start would say of its settings, directories and addresses, and start nothing",
            static (arguments, output) => CheckCommand.Run(arguments.Rest, output)),
        new("format", "[OPTION]...", "format data directories; kafkacompat format --help", FormatCommand.Run),
        new("random-uuid", "", "print a new cluster id",
            static (arguments, _) => Print("random-uuid", arguments, static () => RandomIds.Next(Random.Shared).ToString())),
        new("decode", "FILE...", "print segments, indexes, checkpoints and captured frames as text",
            static (arguments, _) => Task.FromResult(DecodeCommand.Run(arguments.Rest, Console.Out))),
        Health,
        Version,
        Help,
    ];

    /// <summary>The command of that word; null where there is none.</summary>
    public static ProgramCommand? Find(string word) => word.Length == 0 ? null : All.FirstOrDefault(command => command.Word == word);

    /// <summary>Prints the text of a command that takes no arguments.</summary>
    private static async Task<int> Print(string command, ProgramArguments arguments, Func<string> text)
    {
        var isHelp = arguments.Rest is ["--help" or "-h"];
        if (arguments.Rest.Count > 0 && !isHelp)
            throw new ConfigurationException($"{command} takes no arguments, and {string.Join(' ', arguments.Rest)} was given.");
        await Console.Out.WriteLineAsync(isHelp ? ProgramHelp.Text : text()).ConfigureAwait(false);
        return 0;
    }
}
