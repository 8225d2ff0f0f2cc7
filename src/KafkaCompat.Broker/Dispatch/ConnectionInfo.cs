using System.Net;
using KafkaCompat.Cluster.Security;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>A client's connection as handlers see it: who and where from, never the pipe itself.</summary>
public sealed class ConnectionInfo(string connectionId, string listenerName, DispatchTable dispatch, IPAddress remoteAddress, CancellationToken aborted)
{
    /// <summary>What principals are of that log in.</summary>
    public const string UserType = "User";

    public string ConnectionId { get; } = connectionId;

    public string ListenerName { get; } = listenerName;

    /// <summary>What its listener serves.</summary>
    public DispatchTable Dispatch { get; } = dispatch;

    public IPAddress RemoteAddress { get; } = remoteAddress;

    /// <summary>0 where a connection has none.</summary>
    public int RemotePort { get; init; }

    public CancellationToken Aborted { get; } = aborted;

    /// <summary>The name whose quotas bind the connection. Without authentication everybody is this one.</summary>
    public string User { get; init; } = "ANONYMOUS";

    /// <summary>Another than <see cref="UserType"/> comes from a broker whose own rules for names are others.</summary>
    public string PrincipalType { get; init; } = UserType;

    /// <summary>The user as Kafka writes principals.</summary>
    public string Principal => $"{PrincipalType}:{User}";

    /// <summary>What the user may do, by the rules of the listener.</summary>
    public Access Access
    {
        get => field ??= new Access(Principal, RemoteAddress, ListenerName, Dispatch.Authorizer);
        init;
    }

    /// <summary>What the client called itself in ApiVersions 3 and later.</summary>
    public string? ClientSoftwareName { get; set; }

    public string? ClientSoftwareVersion { get; set; }
}
