using KafkaCompat.Broker.Configs;

namespace KafkaCompat.Server.CommandLine;

/// <summary>What the command line asks for.</summary>
/// <param name="Command">Which of the program's commands.</param>
/// <param name="PropertiesFile">The <c>server.properties</c> to read, if one was named.</param>
/// <param name="Overrides">The settings of <c>--override</c>, in their order.</param>
/// <param name="Rest">The arguments of a command other than the broker.</param>
internal sealed record ProgramArguments(
    ProgramCommand Command, string? PropertiesFile, IReadOnlyList<KeyValuePair<string, string>> Overrides, IReadOnlyList<string> Rest)
{
    public const string Usage =
        """
        kafkacompat: Apache Kafka 4.4 without the JVM

          kafkacompat [server.properties] [--override key=value]...   start a node; without a file a broker and controller on localhost:9092
          kafkacompat decode --help                                   print frames, segment files and metadata logs as text
          kafkacompat health [url]                                    ask a running node whether it is ready
          kafkacompat --version | --help

        Settings are taken, each over the one before, from Kafka's defaults, the file, KAFKA_* environment variables (KAFKA_LOG_DIRS is
        log.dirs) and --override. KAFKA_LOG_LEVEL says what is logged to stderr: DEBUG, INFO, WARN (the default), ERROR.
        """;

    public static ProgramArguments Parse(IReadOnlyList<string> arguments)
    {
        if (arguments is ["decode" or "health", ..])
        {
            return new(arguments[0] == "decode" ? ProgramCommand.Decode : ProgramCommand.Health, null, [], [.. arguments.Skip(1)]);
        }

        string? file = null;
        var overrides = new List<KeyValuePair<string, string>>();
        for (var i = 0; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case "--help" or "-h":
                    return new(ProgramCommand.Help, null, [], []);
                case "--version":
                    return new(ProgramCommand.Version, null, [], []);
                case "--override":
                    overrides.Add(Override(++i < arguments.Count ? arguments[i] : throw new ConfigurationException("--override needs key=value.")));
                    break;
                case var joined when joined.StartsWith("--override=", StringComparison.Ordinal):
                    overrides.Add(Override(joined["--override=".Length..]));
                    break;
                case var option when option.StartsWith('-'):
                    throw new ConfigurationException($"Unknown option {option}; see kafkacompat --help.");
                case var path when file is null:
                    file = path;
                    break;
                default:
                    throw new ConfigurationException($"One properties file at most; {file} and {arguments[i]} were given.");
            }
        }

        return new(ProgramCommand.Serve, file, overrides, []);
    }

    private static KeyValuePair<string, string> Override(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new(text[..equals].Trim(), text[(equals + 1)..].Trim())
            : throw new ConfigurationException($"--override needs key=value, not {text}.");
    }
}
