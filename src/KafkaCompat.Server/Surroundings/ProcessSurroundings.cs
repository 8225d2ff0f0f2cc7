using System.Runtime.InteropServices;
using KafkaCompat.Server.Logging;

namespace KafkaCompat.Server.Surroundings;

/// <summary>
/// What a process is born into and may not be ended by: descriptors 0 to 2 that are closed, and signals whose default is to end it although it can go on.
/// Called before anything else opens a file.
/// </summary>
internal static partial class ProcessSurroundings
{
    private const int StandardDescriptors = 3;
    private const int GetDescriptorFlags = 1;
    private const int ClosedOnExec = 1;
    private const int ReadWrite = 2;
    private const int FirstRealTime = 34;
    private const int LastRealTime = 64;
    private const nint Default = 0;
    private const nint Ignore = 1;

    /// <summary>More than a sigaction has on any system.</summary>
    private const int WordsOfAction = 64;

    /// <summary>A write to a pipe or a socket whose reader has gone: the write fails, and who wrote hears of it.</summary>
    private const int BrokenPipe = 13;

    /// <summary>A write past RLIMIT_FSIZE: with it ignored the write fails as one to a full disk does.</summary>
    private const int FileSizeExceeded = 25;

    /// <summary>A line in the log from the background of a terminal that has tostop set: with it ignored the line is written.</summary>
    private const int TerminalOutput = 22;

    /// <summary>
    /// Signals that mean nothing to this program and would end it: SIGUSR1 and SIGUSR2, which tools send to have files reopened, timers and descriptors that
    /// nobody set up (SIGALRM, SIGSTKFLT, SIGVTALRM, SIGPROF, SIGIO), and on Linux the real-time signals. One that .NET has a handler for is left to it: it
    /// stops threads for the garbage collector with one of them, which is the first real-time signal (34 with glibc, 35 with musl) or, on macOS, SIGUSR1.
    /// </summary>
    private static readonly int[] Meaningless = OperatingSystem.IsMacOS()
        ? [14, 23, 26, 27, 30, 31]
        : [10, 12, 14, 16, 26, 27, 29, .. Enumerable.Range(FirstRealTime, LastRealTime - FirstRealTime + 1)];

    private static readonly bool[] TakenByRuntime = new bool[StandardDescriptors];

    public static void Prepare()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return;
        }

        FillStandardDescriptors();
        foreach (var signal in (int[])[BrokenPipe, FileSizeExceeded, TerminalOutput, .. Meaningless.Where(static signal => !HasHandler(signal))])
        {
            _ = SetSignal(signal, Ignore);
        }
    }

    /// <summary>The stream of a standard descriptor, for a node's lines.</summary>
    public static TextWriter OpenStream(int descriptor) => TakenByRuntime[descriptor] ? TextWriter.Null : new StandardStream(descriptor);

    /// <summary>
    /// Opens /dev/null in place of each standard descriptor that is closed. Otherwise the next file that is opened gets its number, a partition's log among
    /// them, and what is written to standard error lands in it.
    /// </summary>
    private static void FillStandardDescriptors()
    {
        for (var descriptor = 0; descriptor < StandardDescriptors; descriptor++)
        {
            var flags = Control(descriptor, GetDescriptorFlags);

            // The lowest free number is this one: those below are open.
            if (flags < 0 && Open("/dev/null", ReadWrite) < 0)
            {
                return;
            }

            // What a process inherits has survived an exec. This one was closed, and .NET has opened something of its own under its number before it called
            // Main.
            TakenByRuntime[descriptor] = flags >= 0 && (flags & ClosedOnExec) != 0;
        }
    }

    /// <summary>
    /// Whether something happens on a signal that is not its default. Asked without a change, for a signal may come at any time; the handler stands first in
    /// the answer.
    /// </summary>
    private static bool HasHandler(int signal)
    {
        Span<nint> action = stackalloc nint[WordsOfAction];
        return Ask(signal, 0, action) == 0 && action[0] != Default;
    }

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    private static partial int Ask(int signal, nint change, Span<nint> action);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint SetSignal(int signal, nint handler);
}
