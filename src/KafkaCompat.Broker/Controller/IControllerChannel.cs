namespace KafkaCompat.Broker.Controller;

/// <summary>
/// A broker's way to the active controller: to the handlers of this node's own, or over a connection to another node, on which clients' requests go as
/// Envelopes. What crosses it is a value both ways, see <see cref="ForwardedRequest"/>.
/// </summary>
public interface IControllerChannel
{
    /// <summary>
    /// Passes a request on, whatever its API, and gives the controller's answer: when the records that it depends on are committed and this node's image holds
    /// them. So whoever reads this node's metadata afterwards finds the change there. Does not throw for the controller's state:
    /// <see cref="ForwardedAnswer.Error"/> says so.
    /// </summary>
    Task<ForwardedAnswer> Forward(ForwardedRequest request);
}
