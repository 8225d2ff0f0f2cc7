using System.Collections.Frozen;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// The controller's command: a request, and all that is decided on besides the metadata and the time. It is a value, which can be kept and decided again.
/// </summary>
public sealed record ControllerRequest(IRequest Body, short Version)
{
    /// <summary>Who asks; null where a node asks for itself, whom no quota binds.</summary>
    public RequestClient? Client { get; init; }

    /// <summary>What who asks may do. A node that asks for itself may do all.</summary>
    public Access Access { get; init; } = Access.Unlimited;

    /// <summary>The tick at which it came; the request's own timeout runs from there.</summary>
    public long ArrivalMs { get; init; }

    /// <summary>Names of hosts in the request that nobody can find; they are looked up before, so that the controller waits for nobody.</summary>
    public IReadOnlySet<string> UnknownHosts { get; init; } = FrozenSet<string>.Empty;
}
