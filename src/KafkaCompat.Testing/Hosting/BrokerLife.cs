using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Testing.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Testing.Hosting;

/// <summary>One life of a broker, from a start to a stop or a kill: a node on the sockets and files of this machine, as the program runs it.</summary>
internal sealed class BrokerLife
{
    private readonly FencedFileStore _files;
    private readonly MutedLoggerFactory _logs;
    private readonly FaultInterceptor _faults;

    private BrokerLife(RunningNode node, FencedFileStore files, MutedLoggerFactory logs, FaultInterceptor faults) =>
        (Running, _files, _logs, _faults) = (node, files, logs, faults);

    public RunningNode Running { get; }

    public BrokerNode Node => Running.Node;

    public static async Task<BrokerLife> Start(ServerConfig config, BrokerFiles files, TimeProvider clock, FaultPlan plan, ILoggerFactory loggers)
    {
        var fenced = new FencedFileStore(files.Store);
        var logs = new MutedLoggerFactory(loggers);
        var faults = new FaultInterceptor(plan, clock);
        try
        {
            var seams = new NodeSeams { EngineTime = clock == TimeProvider.System ? null : TimeProvider.System, Interceptor = faults };
            var node = await RunningNode.Start(config, fenced, clock, logs, seams, isGuest: true).ConfigureAwait(false);
            return new BrokerLife(node, fenced, logs, faults);
        }
        catch
        {
            faults.Dispose();
            throw;
        }
    }

    /// <summary>An orderly end: what was begun is answered, the files are marked clean.</summary>
    public async Task Stop()
    {
        _faults.Dispose();
        await Running.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The end that a kill makes: nothing more is written from the first moment, and connections are reset.</summary>
    public async Task Kill()
    {
        _logs.Mute();
        _files.Cut();
        _faults.Dispose();
        try
        {
            await Running.Kill().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // What would have been written on the way out is not, on purpose.
        }
    }
}
