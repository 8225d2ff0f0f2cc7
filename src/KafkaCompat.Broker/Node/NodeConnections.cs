using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Protocol.Configs;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The connections of a node, whichever of its roles they are for: their limits, the memory that they share, what clients may use, and what is counted of
/// them. A role gives the table of what it serves.
/// </summary>
public sealed class NodeConnections : IDisposable
{
    /// <summary>
    /// How long the connections of a node that stops have to end in order. Nothing is waited for on purpose then, so this is for a slow disk and for
    /// clients that do not read; what is left afterwards is reset.
    /// </summary>
    public const int ShutdownDrainMs = 2_000;

    /// <summary>
    /// How long connections that were reset have to end: what their handlers have begun still ends, and only a disk that does not answer keeps them longer.
    /// </summary>
    public const int ResetDrainMs = 1_000;

    private readonly TimeProvider _time;
    private readonly ConnectionLimits _limits;
    private readonly ConnectionSurroundings _surroundings;

    public NodeConnections(ServerConfig config, NodeSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(surroundings);
        _time = surroundings.EngineTime;
        Open = new OpenConnections(config.Listeners.All.Select(static listener => listener.Name));
        Wheel = new TimerWheel(_time, surroundings.Faults);
        Requests = new RequestMetrics(_time);
        Quotas = new ClientQuotas(config, _time);
        _limits = new ConnectionLimits(config.GetInt(ConfigKeys.SocketRequestMaxBytes), config.GetLong(ConfigKeys.ConnectionsMaxIdleMs))
        {
            Memory = config.GetLong(ConfigKeys.QueuedMaxRequestBytes) is > 0 and var maxBytes ? new RequestMemory(maxBytes) : null,
            Faults = new ClientFaults(_time),
            Answers = new AnswerMemory(AnswerMemory.MaxUnreadBytes, Wheel, _time),
            DecodeThreads = surroundings.BatchThreads,
        };
        _surroundings = new ConnectionSurroundings(_limits, Quotas, Wheel, _time, surroundings.Logs.CreateLogger("kafkacompat.connections"))
        {
            Metrics = Requests,
            Requests = new RequestLogger(surroundings.Logs.CreateLogger("kafkacompat.requests")),
            Faults = surroundings.Faults,
        };
        _ = EndWith(surroundings.Faults);
    }

    /// <summary>Those that are served now.</summary>
    public OpenConnections Open { get; }

    /// <summary>What clients wait for hangs here.</summary>
    public TimerWheel Wheel { get; }

    /// <summary>What was asked, how often and how long it took.</summary>
    public RequestMetrics Requests { get; }

    /// <summary>The quotas of clients, which the metadata holds.</summary>
    public ClientQuotas Quotas { get; }

    /// <summary>What requests of all connections may take together; null where nobody bounds it.</summary>
    public RequestMemory? RequestMemory => _limits.Memory;

    /// <summary>What unread answers of all connections take.</summary>
    public AnswerMemory AnswerMemory => _limits.Answers!;

    /// <summary>What the objects of large requests take.</summary>
    public DecodeMemory DecodeMemory => _limits.Decoding;

    /// <summary>Serves a connection that a listener accepted, until it ends.</summary>
    public async Task Serve(ConnectionContext connection, string listenerName, DispatchTable served)
    {
        var opened = new KafkaConnection(connection, listenerName, served, _surroundings);
        Open.Add(opened);
        try
        {
            await opened.Run();
        }
        catch (Exception failure)
        {
            _ = _surroundings.Faults.Report(failure);
            throw;
        }
        finally
        {
            Open.Remove(opened);
        }
    }

    /// <summary>
    /// Lets all connections answer what they have begun, and end, when no more are accepted. <paramref name="release"/> ends what they wait for. At most
    /// <see cref="ShutdownDrainMs"/>; returns how many connections are left.
    /// </summary>
    public async Task<int> Drain(Action release)
    {
        ArgumentNullException.ThrowIfNull(release);
        var drained = Open.Drain();
        release();
        return await Left(drained, ShutdownDrainMs);
    }

    /// <summary>Lets those end who serve connections that were reset. At most <see cref="ResetDrainMs"/>; returns how many connections are left.</summary>
    public Task<int> DrainReset() => Left(Open.Drain(), ResetDrainMs);

    public void Dispose() => Wheel.Dispose();

    /// <summary>
    /// Ends all connections over a broken invariant. No answer leaves them since it was told; they are closed away from who told it, who may hold locks.
    /// </summary>
    private async Task EndWith(FatalFaults faults)
    {
        await faults.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Open.CloseAll();
    }

    private async Task<int> Left(Task drained, int limitMs)
    {
        await drained.WaitAsync(TimeSpan.FromMilliseconds(limitMs), _time)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return Open.Count;
    }
}
