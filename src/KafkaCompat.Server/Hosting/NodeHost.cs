using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Server.Http;
using KafkaCompat.Server.Logging;
using KafkaCompat.Server.Settings;
using KafkaCompat.Server.Surroundings;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Hosting;

/// <summary>Runs a node as the program does: one line on standard output when it is ready, until a signal ends it.</summary>
internal static class NodeHost
{
    /// <summary>How long a start that was stopped may take to close what it has opened.</summary>
    private const int MaxStartStopMs = 1_500;

    /// <summary>
    /// How long a stop may take. A disk that does not answer would keep it for ever, as it does a JVM's; systemd, as the unit has it, kills a process after 120
    /// s, which leaves the same files and no line.
    /// </summary>
    internal const int MaxStopMs = 100_000;

    /// <summary>Returns the exit code; throws what stands in the way of a start.</summary>
    public static async Task<int> Run(NodeArguments arguments, ProgramOutput output)
    {
        var settings = ProgramSettings.Gather(arguments);
        output.Format = settings.LogFormat;
        foreach (var line in settings.Notes)
        {
            output.Say(LogLevel.Warning, line);
        }

        var config = settings.ToConfig();
        RequireFolder(config);
        try
        {
            return await Run(config, output, HostSeams.None).ConfigureAwait(false);
        }
        catch (Exception e) when (settings.Placed(e) is { } problems)
        {
            // What only the machine could tell: of a setting again, which stands somewhere.
            throw new ConfigurationException(problems);
        }
    }

    /// <summary>A path that is not a whole one counts from the folder that the program was started in, which can have been removed since.</summary>
    /// <exception cref="ConfigurationException">There is such a path, and the folder was.</exception>
    internal static void RequireFolder(ServerConfig config)
    {
        try
        {
            _ = Environment.CurrentDirectory;
        }
        catch (IOException) when (config.NodeDirs.FirstOrDefault(static path => !Path.IsPathRooted(path)) is { } relative)
        {
            throw new ConfigurationException(
                $"The folder that this program was started in does not exist any more, and the log directory {relative} is a path in it. Start the program in "
                + "another folder, or write the whole path.");
        }
        catch (IOException)
        {
            // Every path is a whole one.
        }
    }

    /// <summary>As the program runs, with what a test puts around it.</summary>
    internal static async Task<int> Run(ServerConfig config, ProgramOutput output, HostSeams seams)
    {
        using var logs = output.CreateLogs(ConsoleLoggerFactory.LevelOf(Environment.GetEnvironmentVariable("KAFKA_LOG_LEVEL")));
        var logger = logs.CreateLogger("kafkacompat");
        using var signals = seams.Stop is null ? new StopSignals(logger) : null;
        var stop = seams.Stop ?? signals!.Received;
        using var systemd = new SystemdNotifier();
        var stopBegan = 0L;
        HostLogMessages.Starting(logger, ProgramVersion.Text, config.NodeId, config.GetText(ConfigKeys.ProcessRoles)
            ?? "", Environment.ProcessId, Environment.Version.ToString(), Environment.ProcessorCount);
        HostLogMessages.Settings(logger, string.Join(", ", SettingsText.Changed(config)));
        if (DescriptorLimit.Raise() is var limit and > 0)
        {
            HostLogMessages.OpenFiles(logger, limit);
        }

        var (http, noHttp) = await HttpEndpoint.Bind(config, logs).ConfigureAwait(false);
        try
        {
            if (await Started(config, logs, http, stop, systemd, logger, seams).ConfigureAwait(false) is not { } node)
            {
                return 0;
            }

            bool hasStopped;
            try
            {
                var ready = ReadyLine(node, http, noHttp);
                LogServing(node, logger);
                output.Print(ready);
                systemd.Ready(ready, () => !node.Completion.IsCompleted);
                http?.Serve(node.Node);
                if (noHttp is not null)
                {
                    // Here and not where it was found: a start that is refused has one line to say, and it is not this one.
                    HostLogMessages.NoHttp(logger, noHttp, OwnSettings.HttpListener.Name);
                }

                var ended = await Task.WhenAny(stop, node.Completion).ConfigureAwait(false);
                stopBegan = TimeProvider.System.GetTimestamp();
                systemd.Stopping();
                if (ended != stop)
                {
                    // Throws what ended it, usually a failed disk.
                    await EndOf(node, logger).ConfigureAwait(false);
                }

                HostLogMessages.Stopping(logger, ended == stop ? await stop.ConfigureAwait(false) : "the end of its quorum");
            }
            finally
            {
                hasStopped = await EndOfStop(Stop(node), seams.StopTime, logger).ConfigureAwait(false);
            }

            if (!hasStopped)
            {
                return 1;
            }

            HostLogMessages.Stopped(logger, (long)TimeProvider.System.GetElapsedTime(stopBegan).TotalMilliseconds);
            return 0;
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

    /// <summary>
    /// Waits for a node that ends by itself. What nobody foresaw is logged with its stack: the node may never again come to where it failed. Of a broken
    /// invariant the node has told.
    /// </summary>
    private static async Task EndOf(RunningNode node, ILogger logger)
    {
        try
        {
            await node.Completion.ConfigureAwait(false);
        }
        catch (Exception e) when (!StartFailure.IsForeseen(e) && e is not InvariantException)
        {
            HostLogMessages.NodeFailed(logger, e);
            throw;
        }
    }

    /// <summary>The node once it has started; null where a signal ended the start.</summary>
    private static async Task<RunningNode?> Started(
        ServerConfig config, ILoggerFactory logs, HttpEndpoint? http, Task<string> stop, SystemdNotifier systemd, ILogger logger, HostSeams seams)
    {
        using var ending = new CancellationTokenSource();
        var start = new NodeStart(TimeProvider.System, logs, ending.Token) { Identity = new NodeIdentity(config.NodeId, null) };
        http?.Start(start);
        var starting = Start(config, logs, start, seams);
        if (await Task.WhenAny(starting, stop).ConfigureAwait(false) == starting)
        {
            return await starting.ConfigureAwait(false);
        }

        systemd.Stopping();
        HostLogMessages.StoppingStart(logger, await stop.ConfigureAwait(false), start.Describe());
        ending.Cancel();
        await EndOfStart(starting, start, logger).ConfigureAwait(false);
        return null;
    }

    /// <summary>Waits for a start that was stopped. However it ends, even by a failure, the end was asked for and is an orderly one.</summary>
    internal static async Task EndOfStart(Task<RunningNode> starting, NodeStart start, ILogger logger)
    {
        using var patience = new CancellationTokenSource(MaxStartStopMs);
        if (await Task.WhenAny(starting, Task.Delay(Timeout.Infinite, patience.Token)).ConfigureAwait(false) != starting)
        {
            // Usually a disk that does not answer. The process ends all the same: what it leaves is what a killed one leaves.
            HostLogMessages.StartAbandoned(logger, start.Describe());
            return;
        }

        try
        {
            var node = await starting.ConfigureAwait(false);
            await node.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            switch (e is OperationCanceledException ? e.InnerException : e)
            {
                case null or OperationCanceledException:
                    // As it was asked to.
                    break;
                case var failure when StartFailure.IsForeseen(failure):
                    HostLogMessages.StartFailedToo(logger, failure.Message);
                    break;
                case var failure:
                    // A part that was taken away under another that still worked.
                    HostLogMessages.StartEndedInDisorder(logger, failure);
                    break;
            }
        }
    }

    /// <summary>Waits for a stop, as long as one may take. False where it has not ended by then: the process ends all the same.</summary>
    /// <exception cref="IOException">A file or a disk kept it from ending in order. The message says so, as the program ends with it.</exception>
    internal static async Task<bool> EndOfStop(Task stopping, TimeProvider time, ILogger logger)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(MaxStopMs), time);
        if (await Task.WhenAny(stopping, Task.Delay(Timeout.Infinite, patience.Token)).ConfigureAwait(false) != stopping)
        {
            HostLogMessages.StopAbandoned(logger, MaxStopMs);
            return false;
        }

        try
        {
            await stopping.ConfigureAwait(false);
        }
        catch (Exception failure) when (StartFailure.IsForeseen(failure))
        {
            var remedy = FileShortage.IsOfDescriptors(failure.GetBaseException()) ? $" {FileShortage.Remedy}" : "";
            throw new IOException($"The node could not stop in order: {failure.Message.TrimEnd('.')}. The next start checks its files.{remedy}", failure);
        }

        return true;
    }

    /// <summary>Stops the node away from the caller, who does not wait for ever.</summary>
    private static async Task Stop(RunningNode node)
    {
        await Task.Yield();
        await node.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Starts the node away from the caller: much of a start is work on files that does not give its thread back before it is done.</summary>
    private static async Task<RunningNode> Start(ServerConfig config, ILoggerFactory logs, NodeStart start, HostSeams seams)
    {
        await Task.Yield();
        var starting = seams.Files is { } files
            ? RunningNode.Start(config, files, seams.Time, logs, NodeSeams.None, start: start)
            : RunningNode.Start(config, logs, start);
        return await starting.ConfigureAwait(false);
    }

    private static void LogServing(RunningNode node, ILogger logger)
    {
        var image = node.Node.Broker.Metadata.Current;
        HostLogMessages.Serving(
            logger, node.Config.NodeId, node.Node.Broker.Metadata.ClusterId, string.Join(", ", node.Config.Listeners.AdvertisedOfBroker), image.Topics.Count,
            node.Node.Broker.Partitions.Count, DirectoriesOf(node));
    }

    /// <summary>The directories that are in use, and those that are not.</summary>
    private static string DirectoriesOf(RunningNode node)
    {
        var directories = node.Node.Broker.Directories;
        var online = directories.Online.Select(static directory => directory.Path).ToHashSet(StringComparer.Ordinal);
        var offline = node.Config.LogDirs.Where(path => !online.Contains(path)).Select(Path.GetFullPath).ToList();
        return string.Join(", ", node.Config.LogDirs.Where(online.Contains).Select(Path.GetFullPath))
            + (offline.Count == 0 ? "" : $" (offline: {string.Join(", ", offline)})");
    }

    private static string ReadyLine(RunningNode node, HttpEndpoint? http, string? noHttp)
    {
        var config = node.Config;
        var addresses = string.Join(", ", config.Listeners.OfBroker.DefaultIfEmpty(config.Listeners.All[0]).Select(static listener => listener.Address));
        // Whoever cannot connect from another machine looks here for the address that clients are told.
        var advertised = string.Join(", ", config.Listeners.AdvertisedOfBroker.Select(static listener => listener.Address));
        if (advertised.Length > 0 && advertised != addresses) addresses += $", advertised as {advertised}";
        var operations = http is not null ? $", metrics and health on http://{http.Listener.Address}"
            : noHttp is null ? ""
            : noHttp.Contains("in use", StringComparison.Ordinal) ? $", no metrics ({config.HttpListener!.Port} in use)"
            : ", no metrics";
        var took = ProcessTimes.AgeMs is { } ageMs ? string.Create(CultureInfo.InvariantCulture, $", started in {ageMs} ms") : "";
        return string.Create(CultureInfo.InvariantCulture, $"kafkacompat node {config.NodeId} on {addresses}, data in {DirectoriesOf(node)}{took}{operations}");
    }
}
