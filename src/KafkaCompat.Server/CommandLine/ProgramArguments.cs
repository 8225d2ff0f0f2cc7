using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.Settings;

namespace KafkaCompat.Server.CommandLine;

/// <summary>What the command line asks for.</summary>
/// <param name="Command">Which of the program's commands.</param>
/// <param name="Node">What it says of a node.</param>
/// <param name="Rest">The arguments of a command other than the broker.</param>
internal sealed record ProgramArguments(ProgramCommand Command, NodeArguments Node, IReadOnlyList<string> Rest)
{
    /// <summary>An option further from every other one than this many letters is no misspelt option.</summary>
    private const int WrongLetters = 2;

    private static readonly string[] Options = ["--help", "--version", "--override", "--port"];

    /// <exception cref="ConfigurationException">They ask for nothing that the program does.</exception>
    public static ProgramArguments Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count > 0 && ProgramCommands.Find(arguments[0]) is { } command)
        {
            return new(command, NodeArguments.None, [.. arguments.Skip(1)]);
        }

        string? file = null;
        int? port = null;
        var overrides = new List<KeyValuePair<string, string>>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var (option, joined) = Split(arguments[i]);
            switch (option)
            {
                case "--help" or "-h" or "-?":
                    return new(ProgramCommands.Help, NodeArguments.None, []);
                case "--version" or "-v" or "-V":
                    return new(ProgramCommands.Version, NodeArguments.None, [.. arguments.Skip(i + 1)]);
                case "--override":
                    overrides.Add(Override(Value("key=value")));
                    break;
                case "--port":
                    port = PortOf(Value("a number"));
                    break;
                case ['-', ..]:
                    var nearest = EditDistance.Nearest(option, Options, WrongLetters);
                    throw new ConfigurationException($"Unknown option {option}; {(nearest is null ? "see kafkacompat --help." : $"did you mean {nearest}?")}");
                case var path when file is null:
                    file = LooksLikeFile(path) ? path : throw new ConfigurationException(ProgramHelp.Unknown(path));
                    break;
                default:
                    throw new ConfigurationException($"One properties file at most; {file} and {arguments[i]} were given.");
            }

            string Value(string what) => joined ?? (++i < arguments.Count ? arguments[i] : throw new ConfigurationException($"{option} needs {what}."));
        }

        return new(ProgramCommands.Serve, new NodeArguments(file, overrides) { Port = port }, []);
    }

    /// <summary>A word without a dot and a slash that names nothing on the disk was meant for a command.</summary>
    private static bool LooksLikeFile(string path) => path.AsSpan().ContainsAny('.', '/', '\\') || Path.Exists(path);

    /// <summary>An option and what stands behind its equals sign.</summary>
    private static (string Option, string? Value) Split(string argument)
    {
        var equals = argument.StartsWith("--", StringComparison.Ordinal) ? argument.IndexOf('=', StringComparison.Ordinal) : -1;
        return equals < 0 ? (argument, null) : (argument[..equals], argument[(equals + 1)..]);
    }

    private static int PortOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= ushort.MaxValue
            ? port
            : throw new ConfigurationException($"--port needs a number from 0 to {ushort.MaxValue}, not {text}.");

    private static KeyValuePair<string, string> Override(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new(text[..equals].Trim(), text[(equals + 1)..].Trim())
            : throw new ConfigurationException($"--override needs key=value, not {text}.");
    }
}
