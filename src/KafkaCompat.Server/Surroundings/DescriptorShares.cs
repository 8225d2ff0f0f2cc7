namespace KafkaCompat.Server.Surroundings;

/// <summary>
/// The first descriptor that each use may not have. The system gives the lowest that is free, so the number of a new one shows how many there are, and who may
/// have higher ones is served when others have used up theirs: files before connections of Kafka's protocol, so that clients who connect too often keep nobody
/// else from writing. Behind them are <see cref="DescriptorLimit.MaxForHttp"/> for health and metrics, and what .NET or the stop needs. Those of HTTP are
/// counted and have no numbers, because an assembly that .NET loads late takes the lowest too; more connections of HTTP than those are as any other connection.
/// </summary>
/// <param name="Connections">Of connections of Kafka's protocol.</param>
/// <param name="Files">Of segments, indexes and checkpoints, until the node stops.</param>
internal readonly record struct DescriptorShares(long Connections, long Files)
{
    /// <summary>Where the system has no such numbers, or does not say the limit.</summary>
    public static DescriptorShares Unlimited { get; } = new(long.MaxValue, long.MaxValue);

    /// <summary>The shares of a limit.</summary>
    public static DescriptorShares Of(long limit, bool isCompiledAsItRuns)
    {
        var held = isCompiledAsItRuns ? DescriptorLimit.MaxForRuntime : Math.Min(DescriptorLimit.MaxForStop, limit / 8);
        var files = Math.Max(limit - held - Math.Min(DescriptorLimit.MaxForHttp, limit / 8), 0);
        return new(Math.Max(files - Math.Min(DescriptorLimit.MaxReserved, limit / 8), 0), files);
    }
}
