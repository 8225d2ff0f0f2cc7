using System.Text;
using KafkaCompat.Broker.Configs;

namespace KafkaCompat.Server.CommandLine;

/// <summary>What <c>--help</c> prints, and what is said of a word that is no command.</summary>
internal static class ProgramHelp
{
    private const int ColumnWidth = 46;

    /// <summary>A word further from every command than this many letters is no misspelt command.</summary>
    private const int WrongLetters = 2;

    private const string Head =
        """
        kafkacompat: Apache Kafka 4.4 without the JVM


        """;

    private const string Rest =
        """

        Options of a node:
          --port N              serve clients on port N; without a file the controller gets N + 1
          --override KEY=VALUE  set a setting; may stand several times

        Settings are taken from Kafka's defaults, then the file, then KAFKA_* environment variables, then --override. The last one wins.
        KAFKA_LOG_DIRS is log.dirs: a single underscore is a dot, two are an underscore, three a hyphen.
        KAFKA_LOG_LEVEL sets what is logged to stderr: TRACE, DEBUG, INFO, WARN (the default), ERROR, FATAL or OFF.

        Examples:
          kafkacompat                                                     a broker on localhost:9092
          kafkacompat --port 29092 --override log.dirs=/tmp/second        a second one beside it
          kafkacompat --override kafkacompat.topics=orders:3,audit:1      with two topics
          KAFKA_LOG_LEVEL=INFO kafkacompat config/server.properties       a node of Apache Kafka's, with its log
          kafkacompat decode data/orders-0/00000000000000000000.log       the records of a segment
          curl localhost:9464/metrics                                     what Prometheus scrapes
        """;

    /// <summary>What people try as the first word, and what does it here.</summary>
    private static readonly (string Word, string Hint)[] Hints =
    [
        ("topics", "Topics are created by clients, by kafka-topics, or at the start with --override kafkacompat.topics=orders:3."),
        ("topic", "Topics are created by clients, by kafka-topics, or at the start with --override kafkacompat.topics=orders:3."),
        ("start", "Without a command the program starts a node: kafkacompat [server.properties]."),
        ("serve", "Without a command the program starts a node: kafkacompat [server.properties]."),
        ("run", "Without a command the program starts a node: kafkacompat [server.properties]."),
        ("server", "Without a command the program starts a node: kafkacompat [server.properties]."),
        ("broker", "Without a command the program starts a node: kafkacompat [server.properties]."),
        ("stop", "SIGTERM or Ctrl-C stops a node: kill PID."),
        ("dump", "kafkacompat decode prints segment files."),
        ("dump-log", "kafkacompat decode prints segment files."),
        ("status", "kafkacompat health asks a running node."),
        ("produce", "Any Kafka client does that, kcat for example."),
        ("consume", "Any Kafka client does that, kcat for example."),
        ("groups", "Any Kafka client does that, kafka-consumer-groups for example."),
    ];

    public static string Text { get; } = Make();

    /// <summary>What to say of a first word that is neither a command nor a file.</summary>
    public static string Unknown(string word)
    {
        var hint = Array.Find(Hints, pair => pair.Word.Equals(word, StringComparison.OrdinalIgnoreCase)).Hint;
        var nearest = EditDistance.Nearest(word, ProgramCommands.All.Select(static command => command.Word), WrongLetters);
        return ProgramCommands.Find(word) is not null ? $"The command {word} has to come first: kafkacompat {word} …"
            : hint is not null ? $"There is no command {word}. {hint}"
            : nearest is not null ? $"There is no command {word}; did you mean {nearest}?"
            : $"There is no command and no file {word}; see kafkacompat --help.";
    }

    private static string Make()
    {
        var text = new StringBuilder(Head);
        foreach (var command in ProgramCommands.All)
        {
            var call = string.Join(' ', new[] { "kafkacompat", command.Word, command.Arguments }.Where(static part => part.Length > 0));
            _ = text.Append("  ").Append(call.PadRight(ColumnWidth)).Append("  ").Append(command.Summary).Append('\n');
        }

        return text.Append(Rest).ToString();
    }
}
