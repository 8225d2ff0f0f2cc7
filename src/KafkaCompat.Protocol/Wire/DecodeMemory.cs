namespace KafkaCompat.Protocol;

/// <summary>
/// What messages may cost beyond <see cref="WireLimits.AllocationFactor"/> times their bytes, all that are in memory together. A message of many small elements costs more, which is
/// no fault of it; past this bound the factor alone holds, so that many peers with such messages cannot take all memory.
/// </summary>
public sealed class DecodeMemory(long maxBytes = DecodeMemory.MaxBytes)
{
    /// <summary>Bytes of all messages.</summary>
    public const long MaxBytes = 256 * 1024 * 1024;

    private long _taken;

    /// <summary>The bytes that are taken now.</summary>
    public long TakenBytes => Volatile.Read(ref _taken);

    /// <summary>Takes bytes where there are so many.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= maxBytes) return true;
        Return(bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
