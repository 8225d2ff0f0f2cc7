using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The end of those who work on files beside those who produce, one after the other. With a disk that does not answer one may never end, and the stop goes on:
/// what the part still does to a log that is closed meanwhile, the log refuses.
/// </summary>
public sealed class DiskWork : IDisposable
{
    /// <summary>
    /// How long all of them have. Only a disk that does not answer keeps one longer, and the directories on other disks are closed then. The disk of the
    /// metadata log is not meant: the quorum ends before, and for it the stop waits.
    /// </summary>
    public const int DrainMs = 15_000;

    /// <summary>What each of them has where those before it have used all of <see cref="DrainMs"/>.</summary>
    public const int DrainLeastMs = 1_000;

    private readonly StopSteps _steps;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _drained;

    internal DiskWork(StopSteps steps, TimeProvider time, ILogger logger)
    {
        (_steps, _time, _logger) = (steps, time, logger);
        _drained = new CancellationTokenSource(TimeSpan.FromMilliseconds(DrainMs), time);
    }

    /// <summary>Ends one of them.</summary>
    internal async Task End(string what, Func<ValueTask> end)
    {
        const ConfigureAwaitOptions Quietly = ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;
        var ending = _steps.Take(end).AsTask();
        await ending.WaitAsync(_drained.Token).ConfigureAwait(Quietly);
        await ending.WaitAsync(TimeSpan.FromMilliseconds(DrainLeastMs), _time, CancellationToken.None).ConfigureAwait(Quietly);
        if (!ending.IsCompleted) BrokerNodeLogMessages.DiskWorkGoesOn(_logger, what, DrainMs);
    }

    public void Dispose() => _drained.Dispose();
}
