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

    /// <summary>…or this many bytes, where that is more: an element of a few bytes on the wire is an object of a hundred…</summary>
    public const int AllocationAllowance = 16 * 1024 * 1024;

    /// <summary>…and what the estimates do not see: the message object, buffers, an exception.</summary>
    public const int UncountedAllowance = 64 * 1024;

    /// <summary>The most that a message of so many bytes may cost, by estimate.</summary>
    public static long MostCost(long length) => Math.Max(length * AllocationFactor, AllocationAllowance);
}
