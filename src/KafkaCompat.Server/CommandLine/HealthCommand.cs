using System.Globalization;
using System.Net.Sockets;
using System.Text;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Server.Http;
using KafkaCompat.Server.Settings;

namespace KafkaCompat.Server.CommandLine;

/// <summary>
/// <c>kafkacompat health</c>: asks a running node whether it is ready and ends with 0 where it is. For containers and scripts, which have no other program at
/// hand that speaks HTTP; one request over one socket, because a whole HTTP client would be a third of this program.
/// </summary>
internal static class HealthCommand
{
    private const string ReadyPath = "/health/ready";
    private const string Usage =
        """
        kafkacompat health [URL | HOST:PORT | server.properties]

        Asks a running node whether it is ready; exit code 0 where it is, else 1 and why. Without an argument it asks the node that the environment's
        KAFKA_* variables describe. Asked by settings, another node that answers on that port counts as not ready. A URL with a path is asked for that
        path: http://localhost:9464/health/live.
        """;

    private const int MaxAnswerBytes = 64 * 1024;
    private const int Ready = 0;
    private const int NotReady = 1;

    /// <summary>How long connect and answer may take together.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public static async Task<int> Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter errors)
    {
        if (arguments is ["--help" or "-h"])
        {
            await output.WriteLineAsync(Usage).ConfigureAwait(false);
            return Ready;
        }

        if (arguments.Count > 1) throw new ConfigurationException($"One URL or one file at most; {string.Join(" and ", arguments)} were given.");

        var (url, expected) = Target(arguments);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var (status, head, body) = await Get(url, patience.Token).ConfigureAwait(false);
            if (expected.Differs(Header(head, OperationsApplication.NodeHeader), Header(head, OperationsApplication.ClusterHeader)) is { } difference)
            {
                await errors.WriteLineAsync($"kafkacompat: {url} is answered by another node: {difference}").ConfigureAwait(false);
                return NotReady;
            }

            await (status == 200 ? output : errors).WriteLineAsync(body.TrimEnd()).ConfigureAwait(false);
            return status == 200 ? Ready : NotReady;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException or FormatException)
        {
            await errors.WriteLineAsync(
                $"kafkacompat: {url} does not answer: {(e is OperationCanceledException ? $"nothing came within {Patience.TotalSeconds} s" : e.Message)}")
                .ConfigureAwait(false);
            return NotReady;
        }
    }

    /// <summary>Where a node with that listener is asked from its own machine.</summary>
    internal static Uri UrlOf(ListenerEndpoint listener)
    {
        var host = listener.Host is "" or "0.0.0.0" or "::"
            ? "127.0.0.1"
            : listener.Host.Contains(':', StringComparison.Ordinal) ? $"[{listener.Host}]" : listener.Host;
        return new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{host}:{listener.Port}{ReadyPath}"));
    }

    /// <summary>What to ask where somebody named it: <c>host:port</c> as kafkacompat.http.listener has it, or a URL.</summary>
    /// <exception cref="ConfigurationException">It is neither.</exception>
    internal static Uri UrlOf(string text) =>
        OwnSettings.HttpListener.TryParse(text) is ({ } listener, null) ? UrlOf(listener)
        : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp ? url.AbsolutePath == "/" ? new Uri(url, ReadyPath) : url
        : throw new ConfigurationException($"{text} is neither a file, nor host:port, nor a URL that begins with http://");

    /// <summary>Whom to ask, and who should answer: a URL is asked whoever answers, while settings say which node is theirs.</summary>
    private static (Uri Url, ExpectedNode Expected) Target(IReadOnlyList<string> arguments)
    {
        // Usually a variable of a script that is not set.
        if (arguments is [""])
        {
            throw new ConfigurationException(
                "health was given an empty text. It takes a URL, HOST:PORT or a properties file, or nothing to ask the node that the environment describes.");
        }

        if (arguments.Count == 1 && !File.Exists(arguments[0]))
        {
            return (UrlOf(arguments[0]), ExpectedNode.Any);
        }

        var settings = ProgramSettings.Gather(new NodeArguments(arguments.Count > 0 ? arguments[0] : null, []));
        var config = settings.ToConfig();
        return config.HttpListener is { } listener
            ? (UrlOf(listener),
            ExpectedNode.Of(config, isNodeIdGiven: (settings.OriginOf(ConfigKeys.NodeId) ?? settings.OriginOf(ConfigKeys.BrokerId)) is not null))
            : throw new ConfigurationException($"The node does not serve its health: {OwnSettings.HttpListener.Name} is none.");
    }

    private static string? Header(string head, string name)
    {
        var line = head.Split("\r\n").FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));
        return line?[(name.Length + 1)..].Trim();
    }

    private static async Task<(int Status, string Head, string Body)> Get(Uri url, CancellationToken cancellation)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(url.IdnHost.Trim('[', ']'), url.Port, cancellation).ConfigureAwait(false);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nConnection: close\r\n\r\n"), cancellation)
            .ConfigureAwait(false);
        var answer = new byte[MaxAnswerBytes];
        var length = 0;
        while (length < answer.Length && await socket.ReceiveAsync(answer.AsMemory(length), cancellation).ConfigureAwait(false) is var count and > 0)
        {
            length += count;
        }

        var text = Encoding.UTF8.GetString(answer, 0, length);
        var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var words = text.Split(' ', 3);
        return head > 0 && words.Length == 3 && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            ? (status, text[..head], text[(head + 4)..])
            : throw new FormatException("its answer is not HTTP");
    }
}
