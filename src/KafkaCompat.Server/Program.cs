using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Server.CommandLine;
using KafkaCompat.Server.Decode;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Transport;
using KafkaCompat.Storage;

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
                default:
                    await NodeHost.Run(ProgramSettings.Load(arguments)).ConfigureAwait(false);
                    return 0;
            }
        }
        catch (ConfigurationException e)
        {
            return Refuse(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or QuorumStateException or MetadataCorruptException or LogCorruptionException)
        {
            return Refuse(e.Message);
        }
    }

    private static int Refuse(string message)
    {
        Console.Error.WriteLine($"kafkacompat: {message.ReplaceLineEndings(" ")}");
        return Refused;
    }
}
