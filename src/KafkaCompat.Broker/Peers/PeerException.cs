namespace KafkaCompat.Broker.Peers;

/// <summary>Why a peer gave no answer.</summary>
public enum PeerFault
{
    /// <summary>No connection came about.</summary>
    Unreachable,

    /// <summary>The connection ended before the answer.</summary>
    Lost,

    /// <summary>The answer did not come in time.</summary>
    TimedOut,

    /// <summary>There is no version of the request that both know.</summary>
    UnsupportedVersion,

    /// <summary>What came is no answer of the protocol.</summary>
    Malformed,
}

/// <summary>A request to another node has no answer.</summary>
public sealed class PeerException : IOException
{
    internal PeerException(PeerFault fault, bool mayHaveArrived, string message, Exception? cause = null)
        : base(message, cause)
    {
        Fault = fault;
        MayHaveArrived = mayHaveArrived;
    }

    /// <summary>Why.</summary>
    public PeerFault Fault { get; }

    /// <summary>Whether the peer may have the request, and may have done what it asks. False says that it has not.</summary>
    public bool MayHaveArrived { get; }
}
