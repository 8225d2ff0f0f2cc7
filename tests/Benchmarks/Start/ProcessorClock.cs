using System.ComponentModel;
using System.Runtime.InteropServices;

namespace KafkaCompat.Benchmarks.Start;

/// <summary>
/// The processor time of another process in nanoseconds, threads that have ended included. /proc/PID/stat, which .NET reads, counts in steps of 10 ms: of a
/// load at a fixed rate, which takes 0.2 s of a broker's time, that is a tenth.
/// </summary>
/// <remarks>clock_getcpuclockid(3), clock_gettime(2).</remarks>
internal static partial class ProcessorClock
{
    /// <summary>User and kernel time of a process so far.</summary>
    public static TimeSpan Of(int pid)
    {
        var error = GetClock(pid, out var clock);
        if (error != 0) throw new Win32Exception(error);
        if (GetTime(clock, out var time) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
        return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000d);
    }

    [LibraryImport("libc", EntryPoint = "clock_getcpuclockid")]
    private static partial int GetClock(int pid, out int clock);

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec
    {
        public readonly nint Seconds;
        public readonly nint Nanoseconds;
    }
}
