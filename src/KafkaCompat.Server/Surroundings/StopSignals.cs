using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Surroundings;

/// <summary>
/// Signals that ask for an orderly end: SIGTERM, SIGINT, SIGHUP (its terminal has gone), SIGXCPU (its processor time is used up) and SIGPWR (the power fails).
/// Those that come while the node stops change nothing, as with a JVM: a wrapper and a terminal often send one each. SIGQUIT, which has a JVM print its
/// threads, is answered with a line.
/// </summary>
internal sealed partial class StopSignals : IDisposable
{
    private const int ProcessorTimeExceeded = 24;
    private const int PowerFailure = 30;
    private const int HangUp = 1;
    private const int Interrupt = 2;
    private const int Quit = 3;
    private const int Terminate = 15;
    private const nint Ignored = 1;

    private static readonly int[] All = [HangUp, Interrupt, Quit, Terminate, ProcessorTimeExceeded, PowerFailure];

    // Kept to the end of the process: whoever lets go of one gives the signal back to the system.
    private static readonly List<PosixSignalRegistration> s_registrations = [];

    private readonly TaskCompletionSource<string> _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _logger;

    public StopSignals(ILogger logger)
    {
        _logger = logger;
        Register(PosixSignal.SIGTERM);
        Register(PosixSignal.SIGINT);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        s_registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, OnQuit));
        Register((PosixSignal)ProcessorTimeExceeded);
        if (OperatingSystem.IsLinux())
        {
            Register((PosixSignal)PowerFailure);
        }

        if (!IsHangUpIgnored())
        {
            Register(PosixSignal.SIGHUP);
        }
    }

    /// <summary>The signal's name, once one came.</summary>
    public Task<string> Received => _received.Task;

    /// <summary>
    /// The process is about to end with an exit code of its own. A signal that came now, to somebody who no longer listens, would end it with another one; so
    /// they change nothing to the end.
    /// </summary>
    public void Dispose()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var signal in All)
        {
            _ = SetSignal(signal, Ignored);
        }
    }

    /// <summary>nohup starts a program with SIGHUP ignored, and it stays so. The only way to ask is to set it.</summary>
    private static bool IsHangUpIgnored()
    {
        var before = SetSignal(HangUp, Ignored);
        if (before != Ignored)
        {
            _ = SetSignal(HangUp, before);
        }

        return before == Ignored;
    }

    private void Register(PosixSignal signal) => s_registrations.Add(PosixSignalRegistration.Create(signal, context => OnStop(context, signal)));

    private void OnStop(PosixSignalContext context, PosixSignal signal)
    {
        context.Cancel = true;
        var name = (int)signal switch
        {
            ProcessorTimeExceeded => "SIGXCPU",
            PowerFailure => "SIGPWR",
            _ => signal.ToString(),
        };
        if (!_received.TrySetResult(name))
        {
            HostLogMessages.StillStopping(_logger, name);
        }
    }

    private void OnQuit(PosixSignalContext context)
    {
        context.Cancel = true;
        HostLogMessages.NoThreadDump(_logger);
    }

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint SetSignal(int signal, nint handler);
}
