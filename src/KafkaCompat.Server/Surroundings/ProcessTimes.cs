using System.ComponentModel;
using System.Diagnostics;

namespace KafkaCompat.Server.Surroundings;

/// <summary>When this process started, as far as the system says: without /proc, in a bare chroot for example, it does not.</summary>
internal static class ProcessTimes
{
    public static DateTimeOffset? Start
    {
        get
        {
            try
            {
                using var process = Process.GetCurrentProcess();
                return process.StartTime;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or Win32Exception or NotSupportedException)
            {
                return null;
            }
        }
    }

    /// <summary>Milliseconds since then.</summary>
    public static long? AgeMs => Start is { } start ? (long)(TimeProvider.System.GetLocalNow() - start).TotalMilliseconds : null;
}
