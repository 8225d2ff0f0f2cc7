using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Logs;
using KafkaCompat.Server.Http;
using KafkaCompat.Server.Logging;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Hosting;

/// <summary>Runs a node as the program does: one line on standard output when it is ready, until a signal ends it.</summary>
internal static class NodeHost
{
    public static async Task Run(ServerConfig config)
    {
        using var logs = new ConsoleLoggerFactory(
            Console.Error, ConsoleLoggerFactory.LevelOf(Environment.GetEnvironmentVariable("KAFKA_LOG_LEVEL")), TimeProvider.System, config.LogFormat);
        var logger = logs.CreateLogger("kafkacompat");
        using var stop = new StopSignals();
        using var systemd = new SystemdNotifier();
        HostLog.OpenFiles(logger, DescriptorLimit.Raise());
        var (http, noHttp) = await HttpEndpoint.Bind(config, logs).ConfigureAwait(false);
        try
        {
            var node = await RunningNode.Start(config, logs).ConfigureAwait(false);
            await using (node.ConfigureAwait(false))
            {
                var ready = ReadyLine(node.Config, http);
                Console.Out.WriteLine(config.LogFormat == LogFormat.Json
                    ? JsonLogLine.Of(TimeProvider.System.GetUtcNow(), LogLevel.Information, "kafkacompat", default, ready, ready, null)
                    : ready);
                systemd.Ready(ready, () => !node.Completion.IsCompleted);
                http?.Start(node.Node);
                if (noHttp is not null)
                {
                    // Here and not where it was found: a start that is refused has one line to say, and it is not this one.
                    HostLog.NoHttp(logger, noHttp, OwnSettings.HttpListener.Name);
                }

                var ended = await Task.WhenAny(stop.Received, node.Completion).ConfigureAwait(false);
                systemd.Stopping();
                if (ended != stop.Received)
                {
                    // Throws what ended it: a disk, most of all.
                    await ended.ConfigureAwait(false);
                }

                HostLog.Stopping(logger, ended == stop.Received ? await stop.Received.ConfigureAwait(false) : "the end of its quorum");
            }
        }
        finally
        {
            // Last, so that whoever looks sees a node that is alive and not ready while it stops.
            if (http is not null)
            {
                await http.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static string ReadyLine(ServerConfig config, HttpEndpoint? http)
    {
        using var process = Process.GetCurrentProcess();
        var tookMs = (DateTime.Now - process.StartTime).TotalMilliseconds;
        var addresses = string.Join(", ", config.Listeners.OfBroker.DefaultIfEmpty(config.Listeners.All[0]).Select(static listener => listener.Address));
        var directories = string.Join(", ", config.LogDirs.Select(Path.GetFullPath));
        var operations = http is null ? "" : $", metrics and health on http://{http.Listener.Address}";
        return string.Create(CultureInfo.InvariantCulture, $"kafkacompat node {config.NodeId} on {addresses}, data in {directories}, started in {tookMs:F0} ms{operations}");
    }
}
