using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Logs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Server.CommandLine;
using KafkaCompat.Server.Decode;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Http;
using KafkaCompat.Server.Logging;
using KafkaCompat.Server.Transport;
using KafkaCompat.Storage;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server;

/// <summary>The program <c>kafkacompat</c>.</summary>
internal static class Program
{
    /// <summary>A setting, a port or a directory stands in the way; stderr has one line about it.</summary>
    private const int Refused = 1;

    public static async Task<int> Main(string[] args)
    {
        // Before anything touches a socket.
        SocketTransport.CompleteInline();
        var format = LogFormat.Text;
        try
        {
            var arguments = ProgramArguments.Parse(args);
            switch (arguments.Command)
            {
                case ProgramCommand.Help:
                    Console.Out.WriteLine(ProgramArguments.Usage);
                    return 0;
                case ProgramCommand.Version:
                    Console.Out.WriteLine(ProgramVersion.Text);
                    return 0;
                case ProgramCommand.Decode:
                    return DecodeCommand.Run(arguments.Rest, Console.Out);
                case ProgramCommand.Health:
                    return await HealthCommand.Run(arguments.Rest, Console.Out, Console.Error).ConfigureAwait(false);
                default:
                    var config = ProgramSettings.Load(arguments);
                    format = config.LogFormat;
                    foreach (var line in ProgramSettings.Misspelt())
                    {
                        Say(line, LogLevel.Warning, format);
                    }

                    await NodeHost.Run(config).ConfigureAwait(false);
                    return 0;
            }
        }
        catch (ConfigurationException e)
        {
            return Refuse(e.Message, format);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or QuorumStateException or MetadataCorruptException or LogCorruptionException)
        {
            return Refuse(e.Message, format);
        }
    }

    private static int Refuse(string message, LogFormat format)
    {
        Say(message.ReplaceLineEndings(" "), LogLevel.Critical, format);
        return Refused;
    }

    private static void Say(string line, LogLevel level, LogFormat format) => Console.Error.WriteLine(
        format == LogFormat.Json ? JsonLogLine.Of(TimeProvider.System.GetUtcNow(), level, "kafkacompat", default, line, line, null) : $"kafkacompat: {line}");
}
