namespace KafkaCompat.Server.Hosting;

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
    /// The first descriptor that no connection may have: those from there on are for segments, indexes and checkpoints, so that clients who connect too often
    /// keep nobody else from writing. The system gives the lowest that is free, so the number of a new socket tells how many there are.
    /// </summary>
    public static long FirstReserved() => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() ? FirstReservedOf(Raise()) : long.MaxValue;

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
