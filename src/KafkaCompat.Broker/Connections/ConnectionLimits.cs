using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Connections;

/// <summary>The bounds of one connection, and what it shares with others, named after the settings they come from.</summary>
/// <param name="MaxRequestBytes"><c>socket.request.max.bytes</c>.</param>
/// <param name="MaxIdleMs"><c>connections.max.idle.ms</c>; negative means never.</param>
public sealed record ConnectionLimits(int MaxRequestBytes, long MaxIdleMs)
{
    /// <summary>Produce requests of one connection that may wait for their acknowledgement at a time. Past it no further one is started.</summary>
    public const int MaxRequestsInFlight = 64;

    /// <summary>
    /// Answers that are gathered before they are flushed while more requests lie in the receive buffer; and, of answers that wait for those before them, as
    /// many as may be there before no further Produce is started.
    /// </summary>
    public const int MaxUnflushedBytes = 64 * 1024;

    /// <summary>What the requests of all connections may take together: <c>queued.max.request.bytes</c>. Null where nobody set it, as memory is then what a
    /// connection may have times their number.</summary>
    public RequestMemory? Memory { get; init; }

    /// <summary>Which faults of clients are worth a warning. Null in tests.</summary>
    public ClientFaults? Faults { get; init; }

    /// <summary>What the unread answers of all connections may take together. Null in tests that need no bound.</summary>
    public AnswerMemory? Answers { get; init; }

    /// <summary>What the objects of large requests may take together.</summary>
    public DecodeMemory Decoding { get; init; } = new();

    /// <summary>Where large requests are decoded, so that the connections of the socket's thread go on meanwhile.</summary>
    public IWorkThreads DecodeThreads { get; init; } = IWorkThreads.None;

    public static ConnectionLimits Default { get; } = new(100 * 1024 * 1024, 600_000);
}
