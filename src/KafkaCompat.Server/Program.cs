using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Server.CommandLine;
using KafkaCompat.Server.Hosting;
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
        // Before anything opens a file or touches a socket.
        ProcessSurroundings.Settle();
        SocketTransport.CompleteInline();
        using var stdout = ProcessSurroundings.OpenStream(StandardStream.OutputDescriptor);
        using var stderr = ProcessSurroundings.OpenStream(StandardStream.ErrorDescriptor);
        var output = new ProgramOutput(stdout, stderr, TimeProvider.System);
        try
        {
            var arguments = ProgramArguments.Parse(args);
            return await arguments.Command.Run(arguments, output).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ConfigurationException or IOException or UnauthorizedAccessException or QuorumStateException or MetadataCorruptException or LogCorruptionException)
        {
            output.Format = EarlyLogFormat.Of(args);
            output.Say(LogLevel.Critical, e.Message);
            return Refused;
        }
    }
}
