using System.Globalization;
using KafkaCompat.Broker.Configs;

namespace KafkaCompat.Server.Decode;

/// <summary>What <c>kafkacompat decode</c> is asked to print.</summary>
/// <param name="Files">Paths; <c>-</c> is standard input.</param>
/// <param name="Hex">Frames given as hexadecimal text.</param>
/// <param name="Kind">What the bytes are; null: the file's name or content says.</param>
/// <param name="Api">The API of responses, which do not name it.</param>
/// <param name="Version">The version of responses.</param>
/// <param name="Records">What the records of a log hold; null: the folder's name or the content says.</param>
/// <param name="Full">Whether long values are printed whole.</param>
internal sealed record DecodeOptions(
    IReadOnlyList<string> Files, string? Hex, DecodeKind? Kind, string? Api, short? Version, RecordContent? Records, bool Full)
{
    public const string Usage =
        """
        kafkacompat decode FILE|-...                        segments, indexes, snapshots, checkpoints and frames, known by name or content
        kafkacompat decode --request FILE|-|--hex HEX       frames of requests: length, header, body
        kafkacompat decode --response --api NAME|KEY --version N FILE|-|--hex HEX

          --batches          the file holds record batches, whatever its name and its first bytes say
          --records KIND     what the records are: plain, metadata, groups, transactions, share
          --full             print long keys and values whole
        """;

    public static DecodeOptions Parse(IReadOnlyList<string> arguments)
    {
        var files = new List<string>();
        var options = new DecodeOptions(files, null, null, null, null, null, false);
        for (var i = 0; i < arguments.Count; i++)
        {
            string Next() => ++i < arguments.Count ? arguments[i] : throw new ConfigurationException($"{arguments[i - 1]} needs a value.");
            switch (arguments[i])
            {
                case "--request":
                    options = options with { Kind = DecodeKind.Request };
                    break;
                case "--response":
                    options = options with { Kind = DecodeKind.Response };
                    break;
                case "--batches":
                    options = options with { Kind = DecodeKind.Batches };
                    break;
                case "--hex":
                    options = options with { Hex = Next() };
                    break;
                case "--api":
                    options = options with { Api = Next() };
                    break;
                case "--version":
                    options = options with
                    {
                        Version = short.TryParse(Next(), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
                            ? version
                            : throw new ConfigurationException($"--version needs a number, not {arguments[i]}."),
                    };
                    break;
                case "--records":
                    options = options with
                    {
                        Records = Enum.TryParse<RecordContent>(Next(), ignoreCase: true, out var content)
                            ? content
                            : throw new ConfigurationException($"--records is one of plain, metadata, groups, transactions, share, not {arguments[i]}."),
                    };
                    break;
                case "--full":
                    options = options with { Full = true };
                    break;
                case ['-', '-', ..] unknown:
                    throw new ConfigurationException($"Unknown option {unknown}; see kafkacompat decode --help.");
                default:
                    files.Add(arguments[i]);
                    break;
            }
        }

        if (options.Kind != DecodeKind.Response && (options.Api is not null || options.Version is not null))
        {
            throw new ConfigurationException(
                $"{(options.Api is null ? "--version" : "--api")} is of --response alone: everything else says by itself what it is.");
        }

        return files.Count == 0 && options.Hex is null
            ? throw new ConfigurationException("decode needs a file, - or --hex; see kafkacompat decode --help.")
            : options;
    }
}
