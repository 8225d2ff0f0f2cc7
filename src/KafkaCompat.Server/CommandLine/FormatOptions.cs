using System.Globalization;
using KafkaCompat.Broker.Configs;

namespace KafkaCompat.Server.CommandLine;

/// <summary>The command line of <c>kafkacompat format</c>: the options of Kafka's <c>kafka-storage format</c>, by their long and short names.</summary>
internal sealed record FormatOptions
{
    public const string Usage =
        """
        kafkacompat format [OPTION]...        format data directories, as kafka-storage format does

          -c, --config FILE                   the server.properties of the node; without it what a node without a file has
          -t, --cluster-id ID                 the cluster id; without it that of the node's other directories, or a new one
          -s, --standalone                    one node that is the whole quorum (the default where controller.quorum.voters is not set)
          -g, --ignore-formatted              skip directories that are formatted, and format the others: a new disk for example
          -I, --initial-controllers ID@HOST:PORT:DIRECTORY_ID    the same as --standalone with a directory id that you choose
          -r, --release-version VERSION       the release whose features the cluster starts with: 4.0, 3.9-IV0
          -f, --feature NAME=LEVEL            the level of one feature; may stand several times
          -S, --add-scram CREDENTIAL          SCRAM-SHA-256=[name=alice,password=secret]; may stand several times

        Example, a second disk for a node that has one:
          kafkacompat format --ignore-formatted --config server.properties
        """;

    private const int WrongLetters = 3;

    private static readonly Dictionary<string, string> ShortNames = new(StringComparer.Ordinal)
    {
        ["-c"] = "--config",
        ["-t"] = "--cluster-id",
        ["-s"] = "--standalone",
        ["-g"] = "--ignore-formatted",
        ["-I"] = "--initial-controllers",
        ["-N"] = "--no-initial-controllers",
        ["-r"] = "--release-version",
        ["-f"] = "--feature",
        ["-S"] = "--add-scram",
        ["-h"] = "--help",
    };

    public string? File { get; private init; }

    public string? ClusterId { get; private init; }

    public bool IsStandalone { get; private init; }

    public bool IgnoresFormatted { get; private init; }

    public string? InitialControllers { get; private init; }

    public string? Release { get; private init; }

    public bool WantsHelp { get; private init; }

    public Dictionary<string, short> Features { get; } = new(StringComparer.Ordinal);

    public List<string> Credentials { get; } = [];

    /// <exception cref="ConfigurationException">An option is unknown, or its value is none.</exception>
    public static FormatOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new FormatOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            var equals = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i].IndexOf('=', StringComparison.Ordinal) : -1;
            var given = equals < 0 ? arguments[i] : arguments[i][..equals];
            var joined = equals < 0 ? null : arguments[i][(equals + 1)..];
            var name = ShortNames.GetValueOrDefault(given, given);
            switch (name)
            {
                case "--config":
                    options = options with { File = Value() };
                    break;
                case "--cluster-id":
                    options = options with { ClusterId = Value() };
                    break;
                case "--standalone":
                    options = options with { IsStandalone = true };
                    break;
                case "--ignore-formatted":
                    options = options with { IgnoresFormatted = true };
                    break;
                case "--initial-controllers":
                    options = options with { InitialControllers = Value() };
                    break;
                case "--no-initial-controllers":
                    throw new ConfigurationException(
                        "--no-initial-controllers formats a node that joins the quorum of others. Such nodes are not served yet. --standalone formats a "
                        + "node that is its whole quorum.");
                case "--release-version":
                    options = options with { Release = Value() };
                    break;
                case "--feature":
                    var (feature, level) = Feature(Value());
                    if (!options.Features.TryAdd(feature, level))
                    {
                        throw new ConfigurationException($"--feature {feature} is given twice.");
                    }

                    break;
                case "--add-scram":
                    options.Credentials.Add(Value());
                    break;
                case "--help":
                    return options with { WantsHelp = true };
                default:
                    var nearest = EditDistance.Nearest(name, ShortNames.Values, WrongLetters);
                    throw new ConfigurationException(
                        $"Unknown option {given}; {(nearest is null ? "see kafkacompat format --help." : $"did you mean {nearest}?")}");
            }

            string Value() =>
                joined ?? (++i < arguments.Count ? arguments[i] : throw new ConfigurationException($"{given} needs a value; see kafkacompat format --help."));
        }

        return options.IsStandalone && options.InitialControllers is not null
            ? throw new ConfigurationException("--standalone and --initial-controllers exclude each other.")
            : options;
    }

    private static (string Name, short Level) Feature(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && short.TryParse(text.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var level)
            ? (text[..equals].Trim(), level)
            : throw new ConfigurationException($"--feature needs NAME=LEVEL, not {text}.");
    }
}
