using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Hosting;

/// <summary>
/// Signals that ask for an orderly end: SIGTERM, SIGINT, SIGHUP (its terminal has gone), SIGXCPU (its processor time is used up) and SIGPWR (the power fails). Those that come while the node stops change
/// nothing, as with a JVM: a wrapper and a terminal often send one each. SIGQUIT, which has a JVM print its threads, is answered with a line.
/// </summary>
internal sealed partial class StopSignals : IDisposable
{
    private const int ProcessorTimeExceeded = 24;
    private const int PowerFailure = 30;
    private const int HangUp = 1;
    private const nint Ignored = 1;

    private readonly TaskCompletionSource<string> _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _registrations = [];
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

        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, OnQuit));
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

    public void Dispose() => _registrations.ForEach(static registration => registration.Dispose());

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

    private void Register(PosixSignal signal) => _registrations.Add(PosixSignalRegistration.Create(signal, context => OnStop(context, signal)));

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
            HostLog.StillStopping(_logger, name);
        }
    }

    private void OnQuit(PosixSignalContext context)
    {
        context.Cancel = true;
        HostLog.NoThreadDump(_logger);
    }

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint SetSignal(int signal, nint handler);
}
