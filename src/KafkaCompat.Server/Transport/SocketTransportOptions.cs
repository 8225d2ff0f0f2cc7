using System.Net;

namespace KafkaCompat.Server.Transport;

/// <summary>
/// The options of the socket transport. A buffer of no positive size is left to the system, which adapts it to the connection: -1 in Kafka's settings.
/// Towards clients Kafka's default of 100 KiB is cheaper as well: what is sent is received while it is in the processor's cache, and a fetch over loopback
/// costs half of what it costs through a buffer that the system let grow to megabytes. From clients it is dearer: a large batch comes in a dozen pieces, each
/// with a wake-up, and takes a quarter more processor time than through a buffer that adapts.
/// </summary>
internal sealed record SocketTransportOptions
{
    /// <summary>The size of a buffer that the system adapts to its connection.</summary>
    public const int LeftToTheSystem = -1;

    /// <summary>Connections that the system queues until they are accepted: Kafka's <c>socket.listen.backlog.size</c>.</summary>
    public int Backlog { get; init; } = 50;

    /// <summary><c>socket.send.buffer.bytes</c>.</summary>
    public int SendBufferBytes { get; init; } = LeftToTheSystem;

    /// <summary><c>socket.receive.buffer.bytes</c> where it is set.</summary>
    public int ReceiveBufferBytes { get; init; } = LeftToTheSystem;

    /// <summary>TCP keep-alive, on as in Kafka.</summary>
    public bool KeepAlive { get; init; } = true;

    /// <summary>Pause of the accept loop when the process has no file descriptor left.</summary>
    public int AcceptPauseMs { get; init; } = 20;

    /// <summary>
    /// The first descriptor that is not for connections: who would get it or a later one is closed at once, when <see cref="SpareConnections"/> are open.
    /// </summary>
    public long FirstReservedDescriptor { get; init; } = long.MaxValue;

    /// <summary>Connections that are served whatever descriptor they get, because as many are kept for them.</summary>
    public int SpareConnections { get; init; }

    /// <summary>
    /// Connections of this transport at a time: who comes on top is closed at once. For ports of few connections: they are counted with each that comes.
    /// </summary>
    public int MaxConnections { get; init; } = int.MaxValue;

    /// <summary>Told of each connection that was closed for <see cref="MaxConnections"/>.</summary>
    public Action<EndPoint>? Full { get; init; }

    /// <summary>Told of each connection that was closed for <see cref="FirstReservedDescriptor"/>.</summary>
    public Action<EndPoint>? Refused { get; init; }

    /// <summary>
    /// Whether memory that a quiet period set free goes back to the system at once. Not in somebody else's process: a collection stops all of it.
    /// </summary>
    public bool CollectsGarbage { get; init; } = true;

    /// <summary>Whether another socket of this process may hold the same port, to keep it while nobody listens.</summary>
    public bool SharesPorts { get; init; }

    /// <summary>How often quiet connections and the pool give memory back.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(2);
}
