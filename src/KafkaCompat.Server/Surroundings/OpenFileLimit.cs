using System.Runtime.InteropServices;

namespace KafkaCompat.Server.Surroundings;

/// <summary>
/// How many files and sockets the system lets this process have open: getrlimit and setrlimit, on Linux and macOS. It uses nothing that lies outside the core
/// library, because <see cref="DescriptorFloor"/> asks before another assembly can be loaded.
/// </summary>
internal static partial class OpenFileLimit
{
    private const int OnLinux = 7;
    private const int OnMacOS = 8;

    /// <summary>False where the system is another one, or does not say.</summary>
    public static bool TryGet(ref Limit limit) => (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS()) && Get(Resource(), ref limit) == 0;

    public static bool TrySet(Limit limit) => Set(Resource(), ref limit) == 0;

    private static int Resource() => OperatingSystem.IsMacOS() ? OnMacOS : OnLinux;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int Get(int resource, ref Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int Set(int resource, ref Limit limit);

    /// <summary>What is in force, and up to where the process may raise it.</summary>
    internal struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
