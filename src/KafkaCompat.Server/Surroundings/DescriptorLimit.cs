namespace KafkaCompat.Server.Surroundings;

/// <summary>
/// Raises the process's soft limit of open files to the hard one, as the JVM and the JIT's runtime do and a native program has to do itself. Each partition
/// keeps a file open and each client a socket, so the usual soft limit of 1,024 is reached soon.
/// </summary>
internal static class DescriptorLimit
{
    /// <summary>macOS refuses more than this although its hard limit says otherwise.</summary>
    private const ulong MostOnMacOS = 10_240;

    /// <summary>What connections leave to files where the limit allows it; of a small limit an eighth.</summary>
    public const int MaxReserved = 32;

    /// <summary>
    /// What files and connections leave to .NET where it compiles the program as it runs. There a thread that begins needs a pipe for that moment, and without
    /// one .NET ends the process, be it a thread of its pool or the one that handles a signal; and an assembly that is loaded late takes two for good, which
    /// are a dozen with the first look at the metrics. So this is for twenty assemblies, and four threads that begin at once.
    /// </summary>
    public const int MaxForRuntime = 48;

    /// <summary>
    /// What files leave to the stop where nothing is left to .NET, of a small limit an eighth: a log that is closed writes indexes, a snapshot and a checkpoint
    /// before it closes what it has open. Those that lack descriptors when they are closed side by side are closed one after the other.
    /// </summary>
    public const int MaxForStop = 16;

    /// <summary>
    /// What files and connections of Kafka's protocol leave to connections that ask for health and metrics: a probe beside a scraper, and one of each that was
    /// not closed yet. So a node whose descriptors are used up still says so. Under the smallest limits files leave fewer, an eighth.
    /// </summary>
    public const int MaxForHttp = 4;

    /// <summary>Where each use of descriptors ends, by the limit that is in force.</summary>
    public static DescriptorShares Shares() =>
        Raise() is var limit and > 0 ? DescriptorShares.Of(limit, DescriptorFloor.IsCompiledAsItRuns) : DescriptorShares.Unlimited;

    /// <summary>The limit that is in force afterwards, or -1 where it is not known.</summary>
    public static long Raise()
    {
        var limit = default(OpenFileLimit.Limit);
        if (!OpenFileLimit.TryGet(ref limit))
        {
            return -1;
        }

        var wanted = limit with { Soft = OperatingSystem.IsMacOS() ? Math.Min(limit.Hard, MostOnMacOS) : limit.Hard };
        return wanted.Soft > limit.Soft && OpenFileLimit.TrySet(wanted) ? Shown(wanted.Soft) : Shown(limit.Soft);
    }

    private static long Shown(ulong limit) => (long)Math.Min(limit, long.MaxValue);
}
