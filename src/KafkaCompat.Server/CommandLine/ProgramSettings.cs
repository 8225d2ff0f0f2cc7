using System.Collections;
using System.Net;
using KafkaCompat.Broker.Configs;

namespace KafkaCompat.Server.CommandLine;

/// <summary>Gathers a node's settings from where they may stand.</summary>
internal static class ProgramSettings
{
    private const string BrokerPort = "9092";
    private const string ControllerPort = "9093";

    /// <summary>What a node is without a file: broker and controller on this machine alone, data beside where it was started.</summary>
    private static readonly KeyValuePair<string, string>[] WithoutFile =
    [
        new("process.roles", "broker,controller"),
        new("node.id", "1"),
        new("listeners", $"PLAINTEXT://localhost:{BrokerPort},CONTROLLER://localhost:{ControllerPort}"),
        new("controller.listener.names", "CONTROLLER"),
        new("log.dirs", "data"),
    ];

    /// <summary>The configuration that <paramref name="arguments"/> and the environment describe.</summary>
    public static ServerConfig Load(ProgramArguments arguments)
    {
        var settings = new List<KeyValuePair<string, string>>();
        settings.AddRange(arguments.PropertiesFile is null ? WithoutFile : ConfigProperties.Parse(ReadFile(arguments.PropertiesFile)));
        settings.AddRange(EnvironmentSettings.From(EnvironmentVariables()));
        settings.AddRange(arguments.Overrides);
        if (arguments.Port is { } port)
        {
            PortOption.Apply(settings, port, controllerFollows: arguments.PropertiesFile is null);
        }

        if (arguments.PropertiesFile is null)
        {
            CompleteQuorum(settings);
        }

        return ServerConfig.Create(settings, Dns.GetHostName());
    }

    /// <summary>Variables of the environment that are left alone but look as if they were meant for a setting, a line for each.</summary>
    public static IEnumerable<string> Misspelt() =>
        EnvironmentSettings.Misspelt(EnvironmentVariables().Select(static pair => pair.Key))
            .Select(static pair => $"{pair.Variable} names no setting and is left alone; did you mean the one for {pair.Nearest}?");

    /// <summary>
    /// Without a file nobody should have to know about quorums to move the broker's port: a controller's listener that was not spoken of
    /// gets the port above the first listener's, and the quorum is found there.
    /// </summary>
    private static void CompleteQuorum(List<KeyValuePair<string, string>> settings)
    {
        string Last(string name) => settings.FindLast(pair => pair.Key == name).Value ?? "";

        var listeners = Last("listeners");
        var controller = Last("controller.listener.names").Split(',')[0].Trim();
        if (!Last("process.roles").Contains("controller", StringComparison.Ordinal))
        {
            return;
        }

        if (!listeners.Contains("://", StringComparison.Ordinal))
        {
            // Malformed: the message about it should quote what the user wrote, so the rest is made whole without it.
            settings.Add(new("controller.quorum.bootstrap.servers", $"localhost:{ControllerPort}"));
            return;
        }

        if (!listeners.Contains(controller + "://", StringComparison.OrdinalIgnoreCase))
        {
            var first = listeners.Split(',')[0];
            var port = int.TryParse(first[(first.LastIndexOf(':') + 1)..], out var number) && number is > 0 and < 65535 ? number + 1 : 0;
            listeners += $",{controller}://localhost:{port}";
            settings.Add(new("listeners", listeners));
        }

        if (Last("controller.quorum.bootstrap.servers").Length == 0 && Last("controller.quorum.voters").Length == 0)
        {
            var entry = Array.Find(listeners.Split(','), text => text.Trim().StartsWith(controller + "://", StringComparison.OrdinalIgnoreCase))!.Trim();
            var address = entry[(entry.IndexOf("://", StringComparison.Ordinal) + 3)..];
            settings.Add(new("controller.quorum.bootstrap.servers", address.StartsWith(':') ? "localhost" + address : address));
        }
    }

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"Cannot read {path}: {e.Message}");
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> EnvironmentVariables()
    {
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            yield return new((string)entry.Key, (string?)entry.Value ?? "");
        }
    }
}
