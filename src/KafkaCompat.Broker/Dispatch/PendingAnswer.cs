using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>A place in the order of answers, taken when the request was started.</summary>
internal sealed class PendingAnswer(int correlationId, short headerVersion, short version)
{
    public int CorrelationId { get; } = correlationId;

    /// <summary>0 or 1: with 1 the header ends in tagged fields.</summary>
    public short HeaderVersion { get; } = headerVersion;

    public short Version { get; } = version;

    /// <summary>The request's API, for whoever counts.</summary>
    public short ApiKey { get; init; }

    /// <summary>Bytes of the request, its length included.</summary>
    public int RequestBytes { get; init; }

    /// <summary>When the request was begun, as a timestamp of the node's clock.</summary>
    public long StartedTicks { get; init; }

    /// <summary>When its handler began; 0 for what has none.</summary>
    public long BegunTicks { get; init; }

    /// <summary>The request, where it is logged.</summary>
    public RequestContext? Context { get; set; }

    /// <summary>What a large request has taken, where its handler did not have the answer at once.</summary>
    public DecodeTurn? Turn { get; set; }

    /// <summary>When its handler began to wait; 0 where it had the answer at once.</summary>
    public long HandledTicks { get; set; }

    /// <summary>When the answer was there; 0 where it went out as soon as it was.</summary>
    public long CompletedTicks { get; set; }

    /// <summary>Guarded by the queue's lock, as is all below.</summary>
    public bool IsComplete { get; set; }

    /// <summary>Null with <see cref="IsComplete"/>: this request gets no answer.</summary>
    public IResponse? Response { get; set; }

    public bool CloseConnection { get; set; }

    /// <summary>Whether nothing may be started before it is answered.</summary>
    public bool IsOrdered { get; set; } = true;

    /// <summary>Bytes of an answer that could not be written when it was there.</summary>
    public int KeptBytes { get; set; }

    /// <summary>What the answer keeps open (file regions), let go once it is written or dropped.</summary>
    public IDisposable? Held { get; set; }

    public PendingAnswer? Next { get; set; }
}
