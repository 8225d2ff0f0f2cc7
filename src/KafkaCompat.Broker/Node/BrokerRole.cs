using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol.Configs;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// What a node is as a broker: what it serves, and its standing with the controller. It knows the metadata below it and the way to the controller, wherever
/// that is.
/// </summary>
/// <remarks>
/// Start: registered and fenced → the logs open → each listener gets the whole image → background tasks → unfenced → directories reported → topics of the
/// settings. Stop: <see cref="Leave"/> while there is a controller, then the metadata ends, and with it the listeners here, and then
/// <see cref="DisposeAsync"/>.
/// </remarks>
public sealed class BrokerRole : IAsyncDisposable
{
    private readonly ServerConfig _config;
    private readonly BrokerLifecycle _lifecycle;
    private readonly MetadataApplier _metadata;
    private readonly RefusedPartitions _refused;
    private readonly ILogger _logger;
    private readonly FatalFaults _faults;

    /// <summary>
    /// What the start waits for. It is not left to itself where the start is to end: it would go on with files that are somebody else's by then.
    /// </summary>
    private Task _underWay = Task.CompletedTask;

    private bool _hasLeft;

    internal BrokerRole(ServerConfig config, BrokerService service, BrokerLifecycle lifecycle, MetadataApplier metadata, NodeSurroundings surroundings)
    {
        _config = config;
        Service = service;
        _lifecycle = lifecycle;
        _metadata = metadata;
        (_logger, _faults) = (surroundings.NodeLogger, surroundings.Faults);
        Topics = new InitialTopics(config, service.Metadata, service.Controller, _logger);
        _refused = new RefusedPartitions(() => service.HasRefusedPartitions, metadata.Repeat, surroundings.EngineTime);
    }

    /// <summary>The topics of the settings.</summary>
    internal InitialTopics Topics { get; }

    /// <summary>What it serves.</summary>
    public BrokerService Service { get; }

    /// <summary>Ends, or fails, when a part has that the node cannot do without.</summary>
    public Task Completion => Task.WhenAny(Service.Completion, _refused.Completion).Unwrap();

    /// <summary>Starts it; when it returns, it leads its partitions and may be given connections.</summary>
    public async Task StartAsync(NodeStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        start.Stage = StartStage.Registration;
        await UnlessStopped(_lifecycle.Register());
        Service.BrokerEpoch = _lifecycle.Epoch;
        start.Stage = StartStage.Logs;
        await Service.LoadDirectory(_metadata.Image);
        start.Stage = StartStage.Leadership;
        await UnlessStopped(_metadata.Attach(Service.MetadataListeners).AsTask());
        Service.Start();
        await UnlessStopped(_lifecycle.Unfence());
        Service.CordonsChanged += _lifecycle.ReportDirectories;
        Service.ReportDirectories();
        await UnlessStopped(Topics.Create());
        _refused.Start();

        Task UnlessStopped(Task step)
        {
            _underWay = step;
            return Task.WhenAny(step, _faults.Completion).Unwrap().WaitAsync(start.Stop);
        }
    }

    /// <summary>Has a failed directory reported at once, so that no client waits for a leader that cannot lead.</summary>
    public void ReportDirectories() => _lifecycle.ReportDirectories();

    /// <summary>
    /// Leaves the cluster: by a controlled shutdown first where <paramref name="isControlled"/> and the settings say so. False where something of it
    /// failed.
    /// </summary>
    public async ValueTask<bool> Leave(bool isControlled)
    {
        _hasLeft = true;
        var steps = new StopSteps(_logger, _faults);
        await steps.Take(_refused.DisposeAsync);
        if (isControlled && _config.GetBool(ConfigKeys.ControlledShutdownEnable)) await steps.Take(_lifecycle.ShutDown);
        await steps.Take(_lifecycle.DisposeAsync);
        return !steps.HasFailed;
    }

    /// <summary>Ends what it serves, and closes the directories: in order with the mark of a clean shutdown. The metadata has ended before.</summary>
    public async ValueTask DisposeAsync()
    {
        await _underWay.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!_hasLeft) _ = await Leave(isControlled: false);
        await Service.DisposeAsync();
    }
}
