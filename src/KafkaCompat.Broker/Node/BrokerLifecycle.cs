using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// A broker's standing with the controller: registered and fenced, unfenced when its partitions are open, kept alive by heartbeats, and taken out of
/// service before it stops, so that no partition is left with a leader that is gone.
/// </summary>
public sealed class BrokerLifecycle : IAsyncDisposable
{
    /// <summary>How often whoever starts asks again where it finds no controller.</summary>
    private const int RetryMs = 100;

    private readonly IControllerChannel _controller;
    private readonly MetadataApplier _metadata;
    private readonly BrokerRegistrationRequest _registration;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _interval;
    private readonly BackgroundTask _heartbeats = new();
    private Signal _isAskedToReport = new();

    /// <summary>Whether the last heartbeat found no controller. It is logged once, however long it lasts.</summary>
    private bool _isWithoutController;

    /// <param name="controller">The way to the controller.</param>
    /// <param name="metadata">What this node has applied of the metadata, which each heartbeat says.</param>
    /// <param name="registration">What the broker says of itself.</param>
    /// <param name="interval">The time between heartbeats.</param>
    /// <param name="clock">By which it passes.</param>
    internal BrokerLifecycle(
        IControllerChannel controller, MetadataApplier metadata, BrokerRegistrationRequest registration, TimeSpan interval, TimeProvider clock)
    {
        _controller = controller;
        _metadata = metadata;
        _registration = registration;
        _interval = interval;
        _clock = clock;
    }

    /// <summary>The directories that have failed since the broker registered. Every heartbeat names them.</summary>
    public Func<IReadOnlyList<Uuid>> FailedDirectories { get; set; } = static () => [];

    /// <summary>
    /// The directories that take no new partitions. Every heartbeat names them, so that the controller makes none for a broker that has no other.
    /// </summary>
    public Func<IReadOnlyList<Uuid>> CordonedDirectories { get; set; } = static () => [];

    /// <summary>Where refused heartbeats are logged.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>What ends the node.</summary>
    public FatalFaults Faults { get; init; } = new();

    /// <summary>How long a registration is asked for where no controller is found: <c>initial.broker.registration.timeout.ms</c>.</summary>
    public long RegistrationTimeoutMs { get; init; }

    /// <summary>Whether there will be no controller any more, and nobody need wait for one.</summary>
    public Func<bool> IsControllerGone { get; init; } = static () => false;

    /// <summary>What the controller gave this broker when it registered.</summary>
    public long Epoch { get; private set; } = -1;

    /// <summary>
    /// Registers. If the controller still counts on an earlier incarnation, that one is fenced first, by a last heartbeat in its name, instead of waiting for
    /// its session to end, as Kafka does: it had one of the directories whose locks this process holds, so it cannot be alive. Where no controller is found it
    /// is asked for again, for <see cref="RegistrationTimeoutMs"/>.
    /// </summary>
    public async Task Register()
    {
        try
        {
            Epoch = await UntilDecided(AskForRegistration, _clock.TickMs() + RegistrationTimeoutMs);
        }
        catch (NotControllerException) when (!IsControllerGone())
        {
            throw new QuorumStateException(
                $"No active controller has registered broker {_registration.BrokerId} within {RegistrationTimeoutMs} ms "
                + $"({ConfigKeys.InitialBrokerRegistrationTimeoutMs}).");
        }
    }

    private async Task<long> AskForRegistration()
    {
        var before = _metadata.Image.Brokers.GetValueOrDefault(_registration.BrokerId);
        if (before is { IsFenced: false } && before.LogDirs.Any(_registration.LogDirs.Contains))
        {
            _ = await _controller.Ask(new BrokerHeartbeatRequest { BrokerId = before.Id, BrokerEpoch = before.Epoch, WantFence = true });
        }

        var answer = await _controller.Ask(_registration);
        if (answer.ErrorCode != ErrorCode.None)
        {
            throw new QuorumStateException($"The controller refuses broker {_registration.BrokerId}: {answer.ErrorCode}.");
        }

        return answer.BrokerEpoch;
    }

    /// <summary>
    /// Asks to be unfenced, as often as no controller is found; done when the metadata says so and every listener has taken it over. Heartbeats follow by
    /// themselves.
    /// </summary>
    public async Task Unfence()
    {
        var answer = await UntilDecided(() => Heartbeat(wantShutDown: false), long.MaxValue);
        if (answer.IsFenced)
        {
            throw new QuorumStateException($"The controller does not unfence broker {_registration.BrokerId}: {answer.ErrorCode}.");
        }

        _heartbeats.Start(KeepAlive);
    }

    /// <summary>Gives up leadership of every partition and is fenced. Without a controller nothing is sent.</summary>
    public async Task ShutDown()
    {
        await _heartbeats.Stop();
        const int MaxAttempts = 10;
        try
        {
            for (var i = 0; i < MaxAttempts && !(await Heartbeat(wantShutDown: true)).ShouldShutDown; i++)
            {
                // On a single node the first one moves the leaders away and the second one ends it.
            }
        }
        catch (NotControllerException)
        {
            // The node goes down because its controller has: its completion says why.
        }
    }

    /// <summary>
    /// Has a failed or cordoned directory reported at once and not with the next heartbeat that is due, so that no client waits for a leader that cannot lead,
    /// and no partition is made for a broker that has no place for it.
    /// </summary>
    public void ReportDirectories() => Volatile.Read(ref _isAskedToReport).Set();

    public ValueTask DisposeAsync() => _heartbeats.DisposeAsync();

    /// <summary>Asks again while there is no active controller: until a tick, until the broker stops, or until there will be none.</summary>
    private async Task<TAnswer> UntilDecided<TAnswer>(Func<Task<TAnswer>> ask, long untilMs)
    {
        var stopping = _heartbeats.Stopping;
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (NotControllerException) when (!IsControllerGone() && _clock.TickMs() < untilMs)
            {
                LogWithoutController(RetryMs);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(RetryMs), _clock, stopping);
        }
    }

    private void LogWithoutController(long retryMs)
    {
        if (!_isWithoutController)
        {
            BrokerNodeLogMessages.WithoutController(Logger, _registration.BrokerId, retryMs);
        }

        _isWithoutController = true;
    }

    private Task<BrokerHeartbeatResponse> Heartbeat(bool wantShutDown) => _controller.Ask(new BrokerHeartbeatRequest
    {
        BrokerId = _registration.BrokerId,
        BrokerEpoch = Epoch,
        CurrentMetadataOffset = _metadata.AppliedOffset,
        WantShutDown = wantShutDown,
        OfflineLogDirs = [.. FailedDirectories()],
        CordonedLogDirs = [.. CordonedDirectories()],
    });

    private async Task KeepAlive(CancellationToken stop)
    {
        var due = Task.Delay(_interval, _clock, stop).Followed();
        while (true)
        {
            var asked = Volatile.Read(ref _isAskedToReport);
            await await Task.WhenAny(due, asked.WhenSet);
            if (due.IsCompleted)
            {
                due = Task.Delay(_interval, _clock, stop).Followed();
            }

            if (asked.WhenSet.IsCompleted)
            {
                // Before the heartbeat: what is asked for while it is under way is sent with the next one.
                Volatile.Write(ref _isAskedToReport, new Signal());
            }

            await Report(stop);
        }
    }

    /// <summary>
    /// A heartbeat. One that the controller could not decide on, or that found none, is followed by others: the broker would be fenced otherwise, for one fault
    /// or by the next controller.
    /// </summary>
    private async Task Report(CancellationToken stop)
    {
        try
        {
            var answer = await Heartbeat(wantShutDown: false);
            _isWithoutController = false;
            if (answer.ErrorCode != ErrorCode.None)
            {
                BrokerNodeLogMessages.HeartbeatRefused(Logger, _registration.BrokerId, Epoch, answer.ErrorCode);
            }
        }
        catch (NotControllerException)
        {
            LogWithoutController((long)_interval.TotalMilliseconds);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            if (!Faults.Report(fault)) BrokerNodeLogMessages.HeartbeatFailed(Logger, fault, _registration.BrokerId, (long)_interval.TotalMilliseconds);
        }
    }
}
