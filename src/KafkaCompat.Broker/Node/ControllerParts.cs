using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Quorum;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>What handlers of the controller's listener can ask for.</summary>
internal sealed class ControllerParts : HandlerParts
{
    public required IController Controller { get; init; }

    /// <summary>The way past the controller's listener, whose handler asks.</summary>
    public required IControllerChannel Channel { get; init; }

    public required Func<QuorumDescription> Quorum { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}
