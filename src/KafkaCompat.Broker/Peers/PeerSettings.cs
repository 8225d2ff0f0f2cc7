namespace KafkaCompat.Broker.Peers;

/// <summary>How a node speaks to others.</summary>
public sealed record PeerSettings
{
    /// <summary>What it calls itself in each request.</summary>
    public required string ClientId { get; init; }

    /// <summary>The cluster that both have to be of, which a peer checks from ApiVersions 5 on (KIP-1242); null where it is not known.</summary>
    public string? ClusterId { get; init; }

    /// <summary>The version of the program, which ApiVersions sends.</summary>
    public string SoftwareVersion { get; init; } = "unknown";

    /// <summary>
    /// How long a request waits for a connection, and then for its answer, in ms each. Without an answer the connection is closed, as nobody knows what it
    /// will still bring.
    /// </summary>
    public int RequestTimeoutMs { get; init; } = 30_000;

    /// <summary>How long connecting may take, in ms: socket.connection.setup.timeout.ms.</summary>
    public int ConnectTimeoutMs { get; init; } = 10_000;

    /// <summary>The pause before a connection that failed is tried again, in ms: reconnect.backoff.ms. Each failure doubles it.</summary>
    public int BackoffMs { get; init; } = 50;

    /// <summary>The longest pause, in ms: reconnect.backoff.max.ms.</summary>
    public int MaxBackoffMs { get; init; } = 1_000;
}
