using System.Threading.Channels;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// Runs a <see cref="ControllerState"/> while this node leads the quorum: mailbox → decide → append → commit → every listener of the metadata has
/// applied it → answer. Commands that wait together are appended together. Commands wait in the mailbox until the node leads.
/// </summary>
public sealed class ControllerLoop : IController, IDisposable
{
    /// <summary>Commands that may wait. Whoever posts more waits before.</summary>
    private const int MailboxSize = 1024;

    /// <summary>Commands decided before an append.</summary>
    private const int MaxCommandsPerAppend = 64;

    private readonly ControllerSettings _settings;
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly BrokerContacts _contacts;
    private readonly Channel<ControllerCommand> _mailbox = Channel.CreateBounded<ControllerCommand>(new BoundedChannelOptions(MailboxSize) { SingleReader = true });
    private readonly Channel<(LeadershipStart Start, MetadataLoader Log)> _offices = Channel.CreateUnbounded<(LeadershipStart, MetadataLoader)>();
    private readonly TaskCompletionSource _active = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _timer;
    private Task _completion = Task.CompletedTask;
    private volatile int _trackedQuotas;

    public ControllerLoop(ControllerSettings settings, TimeProvider clock, Random random)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _settings = settings;
        _clock = clock;
        _random = random;
        _contacts = new BrokerContacts(clock);
        _timer = clock.CreateTimer(
            static state => ((ControllerLoop)state!)._mailbox.Writer.TryWrite(new ControllerCommand(null)),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Done when this node is the active controller and has written what a new one writes; failed where it cannot become so.</summary>
    public Task Active => _active.Task;

    /// <summary>Ends when the loop does; failed where it could not go on.</summary>
    public Task Completion => _completion;

    /// <summary>Starts the loop on the caller's scheduler.</summary>
    public void Start(QuorumLoop quorum, MetadataApplier metadata) => _completion = RunAsync(quorum, metadata);

    /// <summary>The quorum's listener: this node leads from here on. The log is the loop's own from now on. A loop that is stopping takes no office any more.</summary>
    public void OnLeading(LeadershipStart start, MetadataLoader log) => _ = _offices.Writer.TryWrite((start, log));

    /// <summary>Users and client ids whose changes are counted because a quota binds them, as of the last turn.</summary>
    public int TrackedQuotas => _trackedQuotas;

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
        _offices.Writer.TryComplete();
        _mailbox.Writer.TryComplete();
        await _completion;
    }

    public void Dispose() => _timer.Dispose();

    private async Task<IResponse> Post(ControllerRequest request)
    {
        var command = new ControllerCommand(request with { ArrivalMs = _clock.TickMs() });
        try
        {
            await _mailbox.Writer.WriteAsync(command);
        }
        catch (ChannelClosedException closed)
        {
            throw closed.InnerException is { } failure ? Ended(failure) : new NotControllerException("The controller has stopped.", closed);
        }

        return await command.Reply;
    }

    private async Task RunAsync(QuorumLoop quorum, MetadataApplier metadata)
    {
        try
        {
            while (await _offices.Reader.WaitToReadAsync())
            {
                while (_offices.Reader.TryRead(out var office))
                {
                    await HoldOffice(quorum, metadata, office.Start, office.Log);
                }
            }

            _active.TrySetException(new NotControllerException());
            FailWaiting(null, static () => new NotControllerException("The controller has stopped."));
        }
        catch (Exception failure)
        {
            _active.TrySetException(failure);
            FailWaiting(failure, () => Ended(failure));
            throw;
        }
    }

    /// <summary>Nobody decides any more what lies in the mailbox, nor what would come into it.</summary>
    private void FailWaiting(Exception? cause, Func<NotControllerException> answer)
    {
        _mailbox.Writer.TryComplete(cause);
        while (_mailbox.Reader.TryRead(out var command))
        {
            command.Fail(answer());
        }
    }

    /// <summary>Is the controller of one epoch, until the epoch is over or the loop is stopped.</summary>
    private async Task HoldOffice(QuorumLoop quorum, MetadataApplier metadata, LeadershipStart start, MetadataLoader log)
    {
        var state = new ControllerState(_settings, log, start.NextOffset, _random, _clock.Now());
        bool isLogEmpty = start.IsLogEmpty;
        while (state.DecideOnActivation(isLogEmpty) is { Count: > 0 } records)
        {
            isLogEmpty = false;
            if (!await Append(quorum, metadata, state, start.Epoch, [records]))
            {
                return;
            }
        }

        _active.TrySetResult();
        var commands = new List<ControllerCommand>();
        do
        {
            if (!await Turn(quorum, metadata, state, start.Epoch, commands))
            {
                return;
            }

            _contacts.TellTo(state);
            long waitMs = state.NextDeadlineMs is { } due ? Math.Max(0, due - _clock.TickMs()) : -1;
            _timer.Change(waitMs < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(waitMs), Timeout.InfiniteTimeSpan);
        }
        while (await _mailbox.Reader.WaitToReadAsync());
    }

    /// <summary>Decides what waits and what is due, appends it, answers. False where the epoch is over.</summary>
    private async Task<bool> Turn(QuorumLoop quorum, MetadataApplier metadata, ControllerState state, int epoch, List<ControllerCommand> commands)
    {
        var batches = new List<IReadOnlyList<VersionedRecord>>();
        long baseOffset = state.NextOffset;
        var now = _clock.Now();
        try
        {
            // What is due is ended before anything is decided that may rest on it; and whoever has a heartbeat under way is not silent.
            _contacts.TellTo(state);
            while (DecisionBatches.Of(state.OnDeadline(now), isAtomic: false, state.Image) is { Count: > 0 } due)
            {
                Decided(state, due, epoch, now, batches);
            }

            while (commands.Count < MaxCommandsPerAppend && _mailbox.Reader.TryRead(out var command))
            {
                if (TryDecide(command, state, now) is not { } decided)
                {
                    continue;
                }

                commands.Add(command);
                Decided(state, decided, epoch, now, batches);
            }

            bool isCommitted = batches.Count == 0 || await quorum.AppendAsync(epoch, baseOffset, batches);
            if (isCommitted) await metadata.AppliedAsync(state.NextOffset - 1);
            foreach (var command in commands)
            {
                if (isCommitted)
                {
                    command.Answer(_clock.TickMs());
                }
                else
                {
                    command.Fail(new NotControllerException());
                }
            }

            commands.Clear();
            _trackedQuotas = state.TrackedQuotas;
            return isCommitted;
        }
        catch (Exception failure)
        {
            commands.ForEach(c => c.Fail(Ended(failure)));
            throw;
        }
    }

    /// <summary>
    /// The batches that a command leads to; null where it failed, or where it only wakes. Deciding changes nothing that the log holds, so a fault in it is of this one request: whoever asked gets
    /// it, and the connection that it came over logs it. A fault in applying is another matter, and ends the controller.
    /// </summary>
    private static IReadOnlyList<IReadOnlyList<VersionedRecord>>? TryDecide(ControllerCommand command, ControllerState state, Now now)
    {
        try
        {
            if (command.Decide(state, now) is not { } decision)
            {
                return null;
            }

            if (DecisionBatches.Of(decision.Records, decision.IsAtomic, state.Image) is { } batches)
            {
                return batches;
            }

            command.Fail(new InvalidOperationException($"A request leads to more than {QuorumBatchCodec.MaxBatchBytes} bytes of metadata records, more than a batch of the metadata log holds."));
        }
        catch (Exception failure)
        {
            command.Fail(failure);
        }

        return null;
    }

    private static NotControllerException Ended(Exception failure) => new($"The controller has ended: {failure.Message}", failure);

    private static void Decided(
        ControllerState state, IReadOnlyList<IReadOnlyList<VersionedRecord>> decided, int epoch, Now now, List<IReadOnlyList<VersionedRecord>> batches)
    {
        foreach (var records in decided)
        {
            state.Apply(records, epoch, now.WallMs);
            batches.Add(records);
        }
    }

    private async Task<bool> Append(QuorumLoop quorum, MetadataApplier metadata, ControllerState state, int epoch, List<IReadOnlyList<VersionedRecord>> batches)
    {
        long baseOffset = state.NextOffset, wallMs = _clock.WallMs();
        batches.ForEach(records => state.Apply(records, epoch, wallMs));
        if (!await quorum.AppendAsync(epoch, baseOffset, batches)) return false;
        await metadata.AppliedAsync(state.NextOffset - 1);
        return true;
    }
}
