using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>
/// A script that starts the tests with <c>&amp;</c> has them ignore SIGINT, and so would every program that they start. The programs here are to hear it, as
/// those that a person starts do.
/// </summary>
internal static partial class InterruptAtStart
{
    private const int Interrupt = 2;
    private const nint Default = 0, Ignored = 1;

    [ModuleInitializer]
    public static void Hear()
    {
        if (OperatingSystem.IsWindows()) return;
        var before = SetSignal(Interrupt, Default);
        if (before != Ignored) _ = SetSignal(Interrupt, before);
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetSignal(int signal, nint handler);
}
