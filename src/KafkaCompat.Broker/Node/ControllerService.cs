using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Handlers.Configs;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Quorum;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// What the controller's listener serves, and the way there from within this node. Behind it stands any <see cref="IController"/>, the loop over a quorum or
/// one that a test has.
/// </summary>
public sealed class ControllerService
{
    public ControllerService(
        ServerConfig config, BrokerMetadata metadata, IController controller, Func<QuorumDescription> quorum, NodeSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(surroundings);
        var seams = surroundings.Seams;
        Served = new ControllerHandlers(new ControllerParts
        {
            Config = config,
            Metadata = metadata,
            Loggers = surroundings.Levels,
            Alteration = new ConfigAlteration(config.NodeId, surroundings.Levels),
            Authorizer = seams.Authorizer,
            IsTelemetryAdvertised = static () => false,
            Controller = controller,
            Channel = new DecisionChannel(controller, seams.Authorizer),
            Quorum = quorum,
            Time = surroundings.EngineTime,
            Logger = surroundings.NodeLogger,
        }).ToTable(controller);
        Served.Intercept(seams.Interceptor);
        Channel = new LocalControllerChannel(Served, controller);
        if (seams.ControllerChannel is { } between) Channel = between(Channel);
    }

    /// <summary>What is served on the controller's listener.</summary>
    public DispatchTable Served { get; }

    /// <summary>The way to it from within this node.</summary>
    public IControllerChannel Channel { get; }
}
