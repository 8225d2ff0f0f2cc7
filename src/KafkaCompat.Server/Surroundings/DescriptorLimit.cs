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
    /// What files and connections leave to .NET where it compiles the program as it runs. There a thread that begins needs a pipe for that moment, and without one .NET ends the
    /// process, be it a thread of its pool or the one that tells of a signal; and an assembly that is loaded late takes two for good, which are a dozen with the first look at the
    /// metrics. So this is for twenty assemblies, and four threads that begin at once.
    /// </summary>
    public const int MaxForRuntime = 48;

    /// <summary>
    /// What files leave to the stop where nothing is left to .NET, of a small limit an eighth: a log that is closed writes indexes, a snapshot and a checkpoint before it
    /// closes what it has open. Those that lack descriptors when they are closed side by side are closed one after the other.
    /// </summary>
    public const int MaxForStop = 16;

    /// <summary>The first descriptor that no file of the node may have before it stops.</summary>
    public static long FirstForNoFile() => Raise() is var limit and > 0 ? FirstForNoFileOf(limit, DescriptorFloor.IsCompiledAsItRuns) : long.MaxValue;

    /// <summary>As <see cref="FirstForNoFile"/>, of a limit.</summary>
    public static long FirstForNoFileOf(long limit, bool isCompiledAsItRuns) => Math.Max(limit - (isCompiledAsItRuns ? MaxForRuntime : Math.Min(MaxForStop, limit / 8)), 0);

    /// <summary>
    /// The first descriptor that no connection may have: those from there on are for segments, indexes and checkpoints, so that clients who connect too often
    /// keep nobody else from writing. The system gives the lowest that is free, so the number of a new socket tells how many there are.
    /// </summary>
    public static long FirstReserved() => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() ? FirstReservedOf(DescriptorFloor.IsCompiledAsItRuns ? FirstForNoFile() : Raise()) : long.MaxValue;

    /// <summary>As <see cref="FirstReserved"/>, of a limit.</summary>
    public static long FirstReservedOf(long limit) => limit > 0 ? limit - Math.Min(MaxReserved, limit / 8) : long.MaxValue;

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
