using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.Logging;

namespace KafkaCompat.Server.Hosting;

/// <summary>Runs a node as the program does: one line on standard output when it is ready, until a signal ends it.</summary>
internal static class NodeHost
{
    public static async Task Run(ServerConfig config)
    {
        using var logs = new ConsoleLoggerFactory(
            Console.Error, ConsoleLoggerFactory.LevelOf(Environment.GetEnvironmentVariable("KAFKA_LOG_LEVEL")), TimeProvider.System);
        using var stop = new StopSignals();
        HostLog.OpenFiles(logs.CreateLogger("kafkacompat"), DescriptorLimit.Raise());
        var node = await RunningNode.Start(config, logs).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            Console.Out.WriteLine(ReadyLine(node.Config));
            var ended = await Task.WhenAny(stop.Received, node.Completion).ConfigureAwait(false);
            if (ended != stop.Received)
            {
                // Throws what ended it: a disk, most of all.
                await ended.ConfigureAwait(false);
            }

            HostLog.Stopping(logs.CreateLogger("kafkacompat"), ended == stop.Received ? await stop.Received.ConfigureAwait(false) : "the end of its quorum");
        }
    }

    private static string ReadyLine(ServerConfig config)
    {
        using var process = Process.GetCurrentProcess();
        var tookMs = (DateTime.Now - process.StartTime).TotalMilliseconds;
        var addresses = string.Join(", ", config.Listeners.OfBroker.DefaultIfEmpty(config.Listeners.All[0]).Select(static listener => listener.Address));
        var directories = string.Join(", ", config.LogDirs.Select(Path.GetFullPath));
        return string.Create(CultureInfo.InvariantCulture, $"kafkacompat node {config.NodeId} on {addresses}, data in {directories}, started in {tookMs:F0} ms");
    }
}
