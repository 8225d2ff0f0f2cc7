namespace KafkaCompat.Fuzz.Engine;

/// <summary>What this thread allocated since the meter was started, held against a bound.</summary>
internal readonly struct AllocationMeter
{
    /// <summary>The decoders' promise: this many times the input…</summary>
    public const int Factor = 16;

    /// <summary>…and this many bytes more.</summary>
    public const int Allowance = 64 * 1024;

    private readonly long _before;

    private AllocationMeter(long before) => _before = before;

    public static AllocationMeter Start() => new(GC.GetAllocatedBytesForCurrentThread());

    /// <summary>Throws where more was allocated than the input justifies, <paramref name="more"/> bytes of named caps included.</summary>
    public void Check(long inputBytes, string what, long more = 0)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread() - _before;
        var bound = (Factor * inputBytes) + Allowance + more;
        if (allocated > bound)
        {
            throw new OracleException($"{what}: {inputBytes} bytes allocated {allocated}, the bound is {bound}");
        }
    }
}
