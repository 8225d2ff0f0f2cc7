using System.Runtime.InteropServices;

namespace KafkaCompat.Server.Hosting;

/// <summary>
/// Raises the process's soft limit of open files to the hard one, as the JVM and the JIT's runtime do and a native program has to do itself. Each partition
/// keeps a file open and each client a socket, so the usual soft limit of 1,024 is reached soon.
/// </summary>
internal static partial class DescriptorLimit
{
    private const int OpenFilesOnLinux = 7;
    private const int OpenFilesOnMacOS = 8;

    /// <summary>macOS refuses more than this although its hard limit says otherwise.</summary>
    private const ulong MostOnMacOS = 10_240;

    /// <summary>The limit that is in force afterwards, or -1 where it is not known.</summary>
    public static long Raise()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return -1;
        }

        var resource = OperatingSystem.IsLinux() ? OpenFilesOnLinux : OpenFilesOnMacOS;
        if (Get(resource, out var limit) != 0)
        {
            return -1;
        }

        var wanted = limit with { Soft = OperatingSystem.IsMacOS() ? Math.Min(limit.Hard, MostOnMacOS) : limit.Hard };
        return wanted.Soft > limit.Soft && Set(resource, in wanted) == 0 ? Shown(wanted.Soft) : Shown(limit.Soft);
    }

    private static long Shown(ulong limit) => (long)Math.Min(limit, long.MaxValue);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int Get(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int Set(int resource, in Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private record struct Limit(ulong Soft, ulong Hard);
}
