using System.Globalization;
using System.Runtime.InteropServices;

namespace KafkaCompat.Server.Surroundings;

/// <summary>
/// Refuses a limit of open files under which .NET cannot even load this program's assemblies, each of which is a file: without it a start would end wherever
/// one was missing, by a signal and with a stack. It is the first thing that the program does and uses nothing that lies outside the core library. The native
/// program loads none.
/// </summary>
internal static partial class DescriptorFloor
{
    /// <summary>
    /// A start was seen to need about 100, and .NET keeps <see cref="DescriptorLimit.MaxForRuntime"/> for later. The rest is for partitions and clients.
    /// </summary>
    public const int LeastForRuntime = 192;

    /// <summary>Where the assemblies are that .NET may load. A native program has none.</summary>
    private const string Assemblies = "TRUSTED_PLATFORM_ASSEMBLIES";

    private const int StandardError = 2;

    /// <summary>Whether .NET loads assemblies and compiles them while the program runs.</summary>
    public static bool IsCompiledAsItRuns => AppContext.GetData(Assemblies) is not null;

    /// <summary>Whether the start is refused, with a line that says so.</summary>
    public static bool Refuses()
    {
        if (!IsCompiledAsItRuns) return false;
        var limit = default(OpenFileLimit.Limit);
        if (!OpenFileLimit.TryGet(ref limit) || limit.Hard >= LeastForRuntime) return false;
        var text = "kafkacompat: This process may have " + limit.Hard.ToString(CultureInfo.InvariantCulture)
            + " files and sockets open (ulimit -n), and .NET needs "
            + LeastForRuntime.ToString(CultureInfo.InvariantCulture) + " to start. Raise the limit. Each partition and each client takes one more.\n";
        var bytes = new byte[text.Length];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)text[i];
        _ = Write(StandardError, ref bytes[0], bytes.Length);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, ref byte first, nint count);
}
