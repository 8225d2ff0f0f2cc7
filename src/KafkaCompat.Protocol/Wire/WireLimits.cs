namespace KafkaCompat.Protocol;

/// <summary>The bounds of the decoder. The first three are Kafka's own.</summary>
public static class WireLimits
{
    /// <summary>Elements of an array.</summary>
    public const int MaxArrayLength = 1_000_000;

    /// <summary>Tagged fields of a struct.</summary>
    public const int MaxTaggedFields = 10_000;

    /// <summary>Bytes of a string.</summary>
    public const int MaxStringLength = short.MaxValue;

    /// <summary>A message may cost this many times its bytes…</summary>
    public const int AllocationFactor = 16;

    /// <summary>…and this many bytes more.</summary>
    public const int AllocationAllowance = 64 * 1024;

    // Half of the allowance is kept for what the estimates below do not see: the message object, buffers, an exception.
    internal const int UncountedAllowance = 32 * 1024;
}
