using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Controller;

/// <summary>The controller of this node, as its own listener asks it.</summary>
public interface IController
{
    /// <summary>
    /// Decides a request in its turn. The answer comes when the records that it depends on are committed and this node's image holds them; a request that
    /// waited behind others sees what they did. Throws <see cref="NotControllerException"/> where this node is not the active controller.
    /// </summary>
    Task<IResponse> Ask(ControllerRequest request);
}
