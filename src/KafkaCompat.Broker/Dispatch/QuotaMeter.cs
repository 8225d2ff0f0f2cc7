namespace KafkaCompat.Broker.Dispatch;

/// <summary>What quotas need to know of one request. Only requests that come while there are quotas have one.</summary>
internal sealed class QuotaMeter(long startTimestamp, int requestBytes)
{
    public long StartTimestamp { get; } = startTimestamp;

    /// <summary>The frame without its length.</summary>
    public int RequestBytes { get; } = requestBytes;

    /// <summary>When the handler had returned; 0 while it has not. What it waits for afterwards is not the client's use of this node.</summary>
    public long ReturnTimestamp { get; set; }

    /// <summary>Whether the handler has counted the request's time itself, because its answer depended on it.</summary>
    public bool IsTimeCounted { get; set; }

    /// <summary>The throttle that the handler found.</summary>
    public int ThrottleMs { get; set; }
}
