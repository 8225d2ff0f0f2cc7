using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// Runs a <see cref="ControllerState"/> while this node leads the quorum: mailbox → decide → append → commit → every listener of the metadata has
/// applied it → answer. Commands that wait together are appended together, and the next ones are decided while that is under way: what they rest on is before
/// them in the log. A heartbeat that changes nothing is answered when what it rests on is committed: it does not wait for partitions to be opened.
///
/// Work is done in the turns of its <see cref="Mailbox{T}"/>. States: Inactive (it leads nothing) → Entering (what a new leader writes first is appended) →
/// Active (commands are decided) → Inactive again when the epoch is over → Ended, for good, by a stop or a failure. Commands are refused where it leads
/// nothing: another node may be the one to ask.
/// </summary>
public sealed class ControllerLoop : IController, IDisposable
{
    /// <summary>Commands that have no answer yet. Whoever posts more waits before.</summary>
    private const int MailboxSize = 1024;

    /// <summary>Commands decided before an append, and in one turn.</summary>
    private const int MaxCommandsPerAppend = 64;

    /// <summary>Appends that are not committed. No more is decided meanwhile.</summary>
    private const int MaxAppendsUnderWay = 8;

    private readonly ControllerSettings _settings;
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly TimerWheel _wheel;
    private readonly BrokerContacts _contacts;
    private readonly Mailbox<Action> _mailbox;
    private readonly SemaphoreSlim _places = new(MailboxSize);
    private readonly Deadline _deadline;
    private readonly TaskCompletionSource _active = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopping;
    private volatile int _trackedQuotas;

    // Everything below is touched by the mailbox's turns only.
    private readonly Queue<ControllerCommand> _waiting = new();

    /// <summary>Appends that are not committed, in order.</summary>
    private readonly List<ControllerAppend> _underWay = [];

    /// <summary>Commands of the present turn. A fault in carrying one out ends the controller, and all of them hear of it.</summary>
    private List<ControllerCommand> _deciding = [];

    private (LeadershipStart Start, MetadataLoader Log)? _nextLeadership;

    /// <summary>The last epoch that is over. Its end may be reported before its beginning.</summary>
    private int _lostEpoch = -1;

    private (QuorumLoop Quorum, MetadataApplier Applier)? _log;
    private ControllerState? _state;
    private Func<NotControllerException>? _ended;
    private long _scheduledFor = long.MaxValue;
    private long _lastTicket;
    private int _epoch;
    private bool _isLogEmpty;
    private bool _isActive;
    private bool _isStopped;

    /// <summary>Makes an inactive loop.</summary>
    /// <param name="settings">What its machine decides by.</param>
    /// <param name="clock">Its two clocks.</param>
    /// <param name="random">What its machines draw their seeds from.</param>
    /// <param name="wheel">Its deadline hangs here; it goes by the same clock.</param>
    /// <param name="turns">Where its turns run.</param>
    public ControllerLoop(ControllerSettings settings, TimeProvider clock, Random random, TimerWheel wheel, TaskScheduler turns)
    {
        _settings = settings;
        _clock = clock;
        _random = random;
        _wheel = wheel;
        _contacts = new BrokerContacts(clock);
        _mailbox = new Mailbox<Action>(MailboxSize, MaxCommandsPerAppend, TakeTurn, turns);
        _deadline = new Deadline(this);
        (Active, Completion) = (_active.Task.Followed(), _completion.Task.Followed());
    }

    /// <summary>Done when this node is the active controller and has written what a new one writes; failed where it cannot become so.</summary>
    public Task Active { get; }

    /// <summary>Ends when the loop does; failed where it could not go on.</summary>
    public Task Completion { get; }

    /// <summary>Users and client ids whose changes are counted because a quota binds them, as of the last turn.</summary>
    public int TrackedQuotas => _trackedQuotas;

    /// <summary>Where its records go from here on, and who applies them. Before, it claims no leadership.</summary>
    public void Start(QuorumLoop quorum, MetadataApplier metadata) => _mailbox.Send(() => _log = (quorum, metadata));

    /// <summary>This node leads from here on, and its metadata holds all that stands before. One that is stopping claims no leadership any more.</summary>
    public void OnLeading(LeadershipStart start, MetadataLoader log)
    {
        if (!_isStopping)
        {
            _mailbox.Send(() => Claim(start, log));
        }
    }

    /// <summary>The leadership of an epoch has ended. Requests that have no answer yet are refused, since nobody knows what became of them.</summary>
    public void OnLeadershipLost(int epoch) => _mailbox.Send(() => Renounce(epoch));

    /// <inheritdoc/>
    public async Task<IResponse> Ask(ControllerRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Body is not BrokerHeartbeatRequest heartbeat)
        {
            return await Post(request);
        }

        // A broker is heard of at once; what follows is decided when its turn comes.
        _contacts.Begin(heartbeat.BrokerId, heartbeat.BrokerEpoch);
        try
        {
            return await Post(request);
        }
        finally
        {
            _contacts.End(heartbeat.BrokerId, heartbeat.BrokerEpoch);
        }
    }

    /// <summary>Ends the loop after what has been posted before. Who asked and cannot be answered, because this node does not lead, hears that.</summary>
    public async Task StopAsync()
    {
        if (!_isStopping)
        {
            _isStopping = true;
            _mailbox.Send(() => _isStopped = true);
        }

        await Completion;
    }

    public void Dispose() => _ = _wheel.Cancel(_deadline);

    private async Task<IResponse> Post(ControllerRequest request)
    {
        if (_isStopping || _completion.Task.IsCompleted)
        {
            throw Refusal();
        }

        var command = new ControllerCommand(request with { ArrivalMs = _clock.TickMs() });
        await _places.WaitAsync();
        try
        {
            _mailbox.Send(() => Take(command));
            return await command.Reply;
        }
        finally
        {
            _ = _places.Release();
        }
    }

    /// <summary>What a command hears that comes when the loop takes none any more.</summary>
    private NotControllerException Refusal() => _completion.Task.Exception?.InnerException is { } failure ? Ended(failure) : Stopped();

    private void Take(ControllerCommand command)
    {
        if (_ended is null && (_state is not null || _nextLeadership is not null))
        {
            _waiting.Enqueue(command);
            return;
        }

        command.Fail((_ended ?? NotLeading)());
    }

    private void Claim(LeadershipStart start, MetadataLoader log)
    {
        if (start.Epoch > _lostEpoch)
        {
            _nextLeadership = (start, log);
        }
    }

    private void Renounce(int epoch)
    {
        _lostEpoch = Math.Max(_lostEpoch, epoch);
        if (_nextLeadership is { } leadership && leadership.Start.Epoch <= epoch)
        {
            _nextLeadership = null;
        }

        if (_epoch <= epoch)
        {
            Deactivate();
        }
    }

    /// <summary>The epoch is over, and nobody knows what became of decisions that were not committed. The next leadership starts over from the log.</summary>
    private void Deactivate()
    {
        (_state, _isActive, _trackedQuotas) = (null, false, 0);
        _contacts.Stop();
        _underWay.ForEach(static append => append.Fail(NotLeading));
        _underWay.Clear();
        if (_nextLeadership is null)
        {
            RefuseWaiting(NotLeading);
        }
    }

    private void RefuseWaiting(Func<NotControllerException> answer)
    {
        while (_waiting.TryDequeue(out var command))
        {
            command.Fail(answer());
        }
    }

    private void TakeTurn()
    {
        try
        {
            while (_mailbox.TryTake(out var next))
            {
                next();
            }

            Advance();
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
    }

    /// <summary>Does what can be done now: claims a leadership, decides, or ends.</summary>
    private void Advance()
    {
        if (_ended is not null || _underWay.Count >= MaxAppendsUnderWay)
        {
            return;
        }

        if (_nextLeadership is { } leadership && _log is not null && _underWay.Count == 0)
        {
            _nextLeadership = null;
            (_epoch, _isLogEmpty, _isActive) = (leadership.Start.Epoch, leadership.Start.IsLogEmpty, false);
            _state = new ControllerState(_settings, leadership.Log, leadership.Start.NextOffset, _random, _clock.Now());
            _contacts.Start();
        }

        if (_state is null)
        {
            if (_isStopped)
            {
                End();
            }
        }
        else
        {
            Enter(_state);
            Decide(_state);
        }
    }

    /// <summary>Appends what a new leader writes first, a batch after the other.</summary>
    private void Enter(ControllerState state)
    {
        if (_isActive)
        {
            return;
        }

        while (state.DecideOnActivation(_isLogEmpty) is { Count: > 0 } records)
        {
            _isLogEmpty = false;
            var baseOffset = state.NextOffset;
            state.Apply(records, _epoch, _clock.WallMs());
            Append(baseOffset, [records], new ControllerAppend(state.NextOffset, []));
        }

        _isActive = true;
        _ = CompleteActive(_log!.Value.Applier, state.NextOffset - 1);
    }

    private async Task CompleteActive(MetadataApplier applier, long lastOffset)
    {
        try
        {
            await applier.WhenApplied(lastOffset);
            _ = _active.TrySetResult();
        }
        catch (Exception failure)
        {
            _ = _active.TrySetException(failure);
        }
    }

    /// <summary>Decides what is due and what waits, and appends it. What led to no record is answered with what it rests on.</summary>
    private void Decide(ControllerState state)
    {
        var batches = new List<IReadOnlyList<VersionedRecord>>();
        var baseOffset = state.NextOffset;
        var now = _clock.Now();
        // What is due is ended before anything is decided that may rest on it; and whoever has a heartbeat under way is not silent. One that stops leaves
        // what is due to the next controller, or it would go on for as long as the disk is slower than something is due again.
        _contacts.ReportTo(state);
        var isDue = !_isStopped;
        while (isDue)
        {
            var due = state.OnDeadline(now);
            isDue = TryExecute(state, due, now, batches) && due.Records.Count > 0;
        }

        var decided = _deciding = [];
        for (var taken = 0; taken < MaxCommandsPerAppend && _waiting.TryDequeue(out var command); taken++)
        {
            decided.Add(command);
            Decide(state, command, now, batches);
        }

        _trackedQuotas = state.TrackedQuotas;
        var decision = new ControllerAppend(state.NextOffset, decided);
        if (batches.Count > 0)
        {
            Append(baseOffset, batches, decision);
        }
        else if (_underWay is [.., var last])
        {
            last.Commands.AddRange(decided);
        }
        else
        {
            Answer(decision);
        }

        if (_waiting.Count > 0)
        {
            _mailbox.Send(static () => { });
        }
        else if (_isStopped && _underWay.Count == 0)
        {
            End();
        }
        else
        {
            ScheduleDeadline(state);
        }
    }

    /// <summary>
    /// Decides a command. Deciding changes nothing, so a fault in it is of this one request: whoever asked gets it, and the connection that it came
    /// over logs it. A fault in carrying out a decision is another matter, and ends the controller.
    /// </summary>
    private void Decide(ControllerState state, ControllerCommand command, Now now, List<IReadOnlyList<VersionedRecord>> batches)
    {
        Decision decision;
        try
        {
            decision = command.Decide(state, new Ticket(++_lastTicket), now);
        }
        catch (Exception failure) when (FatalFaults.MayBeSwallowed(failure))
        {
            command.Fail(failure);
            return;
        }

        if (!TryExecute(state, decision, now, batches))
        {
            // The error that Kafka's controller gives too, before it ends over such a request.
            command.Refuse(
                ErrorCode.UnknownServerError,
                $"A request leads to more than {QuorumBatchCodec.MaxBatchBytes} bytes of metadata records, more than a batch of the metadata log holds.");
        }
    }

    /// <summary>Applies and installs a decision whose batches will be appended; false where the log has no batches for it, and nothing is done.</summary>
    private bool TryExecute(ControllerState state, Decision decision, Now now, List<IReadOnlyList<VersionedRecord>> batches)
    {
        if (DecisionBatches.Of(decision.Records, decision.IsAtomic, state.Image) is not { } made)
        {
            return false;
        }

        foreach (var records in made)
        {
            state.Apply(records, _epoch, now.WallMs);
            batches.Add(records);
        }

        state.Install(decision, now);
        return true;
    }

    /// <summary>Appends what the state holds already from an offset on.</summary>
    private void Append(long baseOffset, IReadOnlyList<IReadOnlyList<VersionedRecord>> batches, ControllerAppend decision)
    {
        var records = batches.Sum(static batch => (long)batch.Count);
        Invariant.Holds(baseOffset + records == decision.EndOffset, $"{records} records of the controller from {baseOffset} on end at {decision.EndOffset}");
        Invariant.Holds(_underWay is not [.., var last] || last.EndOffset <= baseOffset,
            $"Records from {baseOffset} on follow those up to {_underWay[^1].EndOffset}");
        _underWay.Add(decision);
        _ = Commit(_log!.Value.Quorum.Append(_epoch, baseOffset, batches), decision);
    }

    private async Task Commit(Task<bool> append, ControllerAppend decision)
    {
        try
        {
            var isCommitted = await append;
            _mailbox.Post(() => Appended(decision, isCommitted));
        }
        catch (Exception failure)
        {
            _mailbox.Post(() => Fail(failure));
        }
    }

    private void Appended(ControllerAppend decision, bool isCommitted)
    {
        // Of an epoch that is over nobody waits any more.
        var at = _underWay.IndexOf(decision);
        if (at < 0)
        {
            return;
        }

        if (!isCommitted)
        {
            Deactivate();
            return;
        }

        // What is committed is so with all that is before it.
        var committed = _underWay[..(at + 1)];
        _underWay.RemoveRange(0, committed.Count);
        committed.ForEach(Answer);
    }

    private void Answer(ControllerAppend decision) => decision.Answer(_log!.Value.Applier, _clock, Ended);

    private void End()
    {
        EndWith(Stopped);
        _ = _active.TrySetException(new NotControllerException());
        _ = _completion.TrySetResult();
    }

    private void Fail(Exception failure)
    {
        EndWith(() => Ended(failure));
        _ = _active.TrySetException(failure);
        _ = _completion.TrySetException(failure);
    }

    /// <summary>Nobody decides any more what waits, nor what comes.</summary>
    private void EndWith(Func<NotControllerException> answer)
    {
        _ended ??= answer;
        _state = null;
        _contacts.Stop();
        _underWay.ForEach(append => append.Fail(_ended));
        _underWay.Clear();
        _deciding.ForEach(command => command.Fail(_ended()));
        RefuseWaiting(_ended);
    }

    private static NotControllerException NotLeading() => new();

    private static NotControllerException Stopped() => new("The controller has stopped.");

    private static NotControllerException Ended(Exception failure) => new($"The controller has ended: {failure.Message}", failure);

    private void ScheduleDeadline(ControllerState state)
    {
        _contacts.ReportTo(state);
        // A later deadline is left to be found when the earlier one fires: it costs one look, and sessions move away with every heartbeat.
        if (state.NextDeadlineMs is not { } due || due >= _scheduledFor || (_scheduledFor != long.MaxValue && !_wheel.Cancel(_deadline)))
        {
            return;
        }

        _scheduledFor = due;
        _wheel.Schedule(_deadline, Math.Max(0, due - _clock.TickMs()));
    }

    private sealed class Deadline(ControllerLoop loop) : TimerWheelEntry
    {
        /// <summary>The wheel's thread must not wait for a decision.</summary>
        protected internal override void OnDeadline() => loop._mailbox.Send(() => loop._scheduledFor = long.MaxValue);
    }
}
