using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Security;

namespace KafkaCompat.Broker.Node;

/// <summary>What a node in a test is given besides disk, clock and randomness; the program has none of it.</summary>
public sealed record NodeSeams
{
    /// <summary>No seam is used.</summary>
    public static NodeSeams None { get; } = new();

    /// <summary>
    /// The clock of what keeps the node and its clients going: quorum, heartbeats, long polls, acknowledgements, throttles, idle connections. Clients measure
    /// these on clocks of their own, so they stay with the real one where a test stops or turns the node's. Null is the node's clock.
    /// </summary>
    public TimeProvider? EngineTime { get; init; }

    /// <summary>Comes before every handler; null where nothing does.</summary>
    public IRequestInterceptor? Interceptor { get; init; }

    /// <summary>The rules of all listeners; null where all is allowed.</summary>
    public IAuthorizer? Authorizer { get; init; }

    /// <summary>Stands in the way to the controller; null where nothing does.</summary>
    public Func<IControllerChannel, IControllerChannel>? ControllerChannel { get; init; }

    /// <summary>Where turns of mailboxes run that nobody takes on the spot: one after another where a test gives every step its place.</summary>
    public TaskScheduler Turns { get; init; } = TaskScheduler.Default;
}
