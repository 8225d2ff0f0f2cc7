using System.Runtime.ExceptionServices;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// Runs one shard of a coordinator, which is a machine: loads it, hands it commands and passed deadlines one at a time, appends what it decides, and
/// releases its replies when they are committed.
///
/// Work is done in the turns of its <see cref="Mailbox{T}"/>, the first of them on the thread that brings it. States:
/// Loading (commands are refused with COORDINATOR_LOAD_IN_PROGRESS) → Active → Closed (refused with NOT_COORDINATOR, for good).
///
/// An append that was refused wrote nothing, and the shard is as it was before the decision: only the caller hears of it, and what was due stays due, to be
/// tried again a little later. An append of which nobody knows what it wrote takes an active shard back to Loading: everybody who waits is sent away, and the
/// log is read again. So does an exception once a decision is being carried out. One before that, while it is made, is the asker's affair alone: deciding
/// changes nothing.
/// </summary>
internal sealed class ShardLoop<TShard> : IAsyncDisposable
    where TShard : class, IShard
{
    private readonly ShardKind<TShard> _kind;
    private readonly int _partition;
    private readonly IShardLog _log;
    private readonly ShardLoad<TShard> _load;
    private readonly TimeProvider _time;
    private readonly TimerWheel _wheel;
    private readonly ILogger _logger;
    private readonly FatalFaults _faults;
    private readonly Mailbox<Action> _mailbox;
    private readonly Deadline _deadline;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly DeletedTopics _deletedTopics = new();

    // Everything below is touched by the mailbox's work only.
    private readonly Dictionary<long, Waiting> _waiting = [];
    private readonly Queue<(long RequiredOffset, long DueMs, ShardReply Reply)> _uncommitted = new();
    private TShard? _shard;
    private long _lastTicket;
    private long _requiredOffset;
    private long _appendedTo;
    private long _scheduledFor = long.MaxValue;
    private long _pausedUntil = long.MinValue;
    private bool _awaitsCommit;
    private int _generation;
    private bool _goesOn;

    private volatile bool _isClosed;

    public ShardLoop(ShardKind<TShard> kind, int partition, IShardLog log, ShardSurroundings surroundings)
    {
        _kind = kind;
        _partition = partition;
        _log = log;
        (_time, _wheel, _logger, var scheduler) = surroundings;
        _faults = surroundings.Faults;
        _mailbox = new Mailbox<Action>(ShardBounds.MaxQueued, ShardBounds.MaxItemsPerTurn, TakeTurn, scheduler) { SlowDisk = () => log.SlowDisk };
        _load = new ShardLoad<TShard>(kind, partition, log, surroundings, outcome => _mailbox.Post(() => Loaded(outcome)), _closing.Token);
        _deadline = new Deadline(this);
    }

    /// <summary>Whether it has read its log and decides.</summary>
    public bool IsLoaded => Volatile.Read(ref _shard) is not null;

    /// <summary>Shows the shard to somebody when its turn comes, null where there is none; an idle one has been looked at when this returns.</summary>
    public void Look(Action<TShard?> look) => _ = _mailbox.TryPost(() => look(_shard));

    /// <summary>Begins to load; the caller goes on at once.</summary>
    public void Start() => _mailbox.Post(() => _load.Begin(_generation));

    /// <summary>The answer to a command, sooner or later.</summary>
    public Task<object> Ask(ShardCommand command)
    {
        var answer = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_mailbox.TryPost(() => Decide(command, answer)))
            answer.SetResult(command.Refuse(ErrorCode.CoordinatorLoadInProgress));
        return answer.Task;
    }

    /// <summary>Topics were deleted; this is called once. What follows from it is in the log sooner or later.</summary>
    public void TopicsDeleted(IReadOnlyCollection<string> deleted)
    {
        if (!_deletedTopics.Add(deleted))
            return;
        _mailbox.Post(() =>
        {
            _deletedTopics.AreDue = true;
            ForgetTopics();
        });
    }

    /// <summary>
    /// The partition is led elsewhere from now on, or gone. Every request that waits is answered with NOT_COORDINATOR. When this is done nothing is read,
    /// written or logged any more: at most one step of a load, or one append, is waited for.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _closing.Cancel();
            _mailbox.Post(Close);
        }
        await _closed.Task;
        // No other one begins after that.
        await _load.Idle;
        _closing.Dispose();

        void Close()
        {
            try
            {
                Drop(ErrorCode.NotCoordinator);
            }
            finally
            {
                // The stop of the node waits for it, whatever became of those who wait here.
                _ = _closed.TrySetResult();
            }
        }
    }

    private void TakeTurn()
    {
        while (_mailbox.TryTake(out var next))
        {
            try
            {
                next();
            }
            catch (Exception e)
            {
                if (_faults.Report(e))
                {
                    // The node ends, and nothing is read or decided any more.
                    Drop(ErrorCode.CoordinatorNotAvailable);
                    continue;
                }
                _logger.ShardFailed(e, _kind.Topic, _partition);
                Restart(ErrorCode.UnknownServerError);
            }
        }
    }

    private void Loaded(ShardLoad<TShard>.Outcome outcome)
    {
        if (_isClosed || outcome.Generation != _generation)
            return;
        Invariant.Holds(_shard is null, $"{_kind.Topic}-{_partition}: it is read again while a shard decides");
        if (outcome.Error == ErrorCode.None)
            Activate(outcome.Shard, outcome.End);
        else
            _load.BeginAgain(_generation);
    }

    private void Activate(TShard shard, ShardLogEnd end)
    {
        _shard = shard;
        // What was loaded may not be durable yet, and may not be answered before it is.
        (_requiredOffset, _appendedTo) = (end.Offset, end.Offset);
        if (!end.IsCommitted)
            AwaitCommit();
        var now = _time.Now();
        var loaded = shard.OnLoaded(now);
        switch (Execute(loaded, ToBatch(loaded, now), now))
        {
            case { IsRefused: true } refused:
                // Nobody has seen it yet, and it may not live without what has to be done first.
                Fail(refused.Error);
                return;
            case { Error: not ErrorCode.None }:
                return;
        }
        _deletedTopics.AreDue = true;
        ForgetTopics();
        // Only now: a log that can be read and not written is not to be read again each second.
        if (_shard is not null && !_awaitsCommit)
            _load.Succeeded();
        ScheduleDeadline();
    }

    /// <summary>What the shard does about topics that are gone. It stays due where it cannot be done now.</summary>
    private void ForgetTopics()
    {
        if (_isClosed || _shard is null)
        {
            _deletedTopics.Postpone();
            return;
        }
        var deleted = _deletedTopics.Take();
        if (TShard.TopicsDeleted(deleted, _kind.Image?.Invoke()) is { } command)
        {
            var now = _time.Now();
            var decision = _shard.Decide(command, default, now);
            if (Execute(decision, ToBatch(decision, now), now).IsRefused)
            {
                _deletedTopics.PutBack(deleted);
                Pause(now);
            }
        }
        ScheduleDeadline();
    }

    private void Decide(ShardCommand command, TaskCompletionSource<object> answer)
    {
        if (_isClosed || _shard is null)
        {
            _ = answer.TrySetResult(command.Refuse(_isClosed ? ErrorCode.NotCoordinator : ErrorCode.CoordinatorLoadInProgress));
            return;
        }
        var now = _time.Now();
        var ticket = new Ticket(++_lastTicket);
        Invariant.Holds(_waiting.TryAdd(ticket.Value, new Waiting(command, answer)), $"{_kind.Topic}-{_partition}: ticket {ticket.Value} is another command's");
        for (var steps = 0; steps < ShardBounds.MaxStepsBeforeCommand && _shard.OnDeadlineBefore(command, now) is { } due; steps++)
        {
            switch (Execute(due, ToBatch(due, now), now))
            {
                case { IsRefused: true } refused:
                    // What has ended by the clock cannot be ended in the log, so there is nothing to answer from.
                    Refuse(ticket, ErrorOf(refused));
                    Pause(now);
                    ScheduleDeadline();
                    return;
                case { Error: not ErrorCode.None }:
                    return;
            }
        }
        ShardDecision decision;
        ReadOnlyMemory<byte> batch;
        try
        {
            decision = _shard.Decide(command, ticket, now);
            batch = ToBatch(decision, now);
        }
        catch (Exception e) when (FatalFaults.MayBeSwallowed(e))
        {
            _logger.CommandFailed(e, command.GetType().Name, _kind.Topic, _partition);
            Refuse(command, ticket, ErrorCode.UnknownServerError, now);
            return;
        }
        if (Execute(decision, batch, now) is { IsRefused: true } refusal)
            Refuse(command, ticket, ErrorOf(refusal), now);
        else
            ScheduleDeadline();
    }

    private void OnDeadline()
    {
        _scheduledFor = long.MaxValue;
        _goesOn = false;
        if (_isClosed || _shard is not { } shard)
            return;
        var now = _time.Now();
        if (_deletedTopics.AreDue && _pausedUntil <= now.TickMs)
            ForgetTopics();
        if (_shard == shard && NextDue() <= now.TickMs)
        {
            var decision = shard.OnDeadline(now);
            if (Execute(decision, ToBatch(decision, now), now).IsRefused)
            {
                Pause(now);
            }
            else if (_shard is not null && NextDue() <= now.TickMs)
            {
                // Those who wait in the mailbox have their turn between two steps.
                _goesOn = true;
                _mailbox.Post(OnDeadline);
                return;
            }
        }
        ScheduleDeadline();
    }

    /// <summary>What the log has refused is tried again, but not at once.</summary>
    private void Pause(Now now) => _pausedUntil = now.After(ShardBounds.RefusedRetryMs);

    /// <summary>When something has to be done, at the earliest.</summary>
    private long NextDue() => _shard is null ? long.MaxValue : Math.Max(_pausedUntil, _deletedTopics.AreDue ? long.MinValue : _shard.NextDeadline);

    /// <summary>
    /// Append, apply, install, and release what is committed: the order that <see cref="ShardDecision"/> demands. Where the append was refused nothing has
    /// happened; where its outcome is unknown the shard is gone.
    /// </summary>
    private ShardAppend Execute(ShardDecision decision, ReadOnlyMemory<byte> batch, Now now)
    {
        var shard = _shard!;
        Invariant.Holds(batch.IsEmpty == (decision.Records.Count == 0),
            $"{_kind.Topic}-{_partition}: {decision.Records.Count} records were decided, and a batch of {batch.Length} bytes");
        var events = decision.Drafts.Count > 0 && _logger.IsEnabled(LogLevel.Information) ? _kind.Events?.Invoke(_logger, shard, decision) : null;
        var append = default(ShardAppend);
        if (!batch.IsEmpty)
        {
            append = Append(shard, decision.Records, batch);
            if (!decision.IsAtomic && append.IsTooLarge)
                append = AppendInPieces(shard, decision.Records, now);
            if (append.Error != ErrorCode.None)
            {
                // Not again for each time that what is due is tried.
                if (!append.IsRefused || _pausedUntil < now.TickMs - ShardBounds.RefusedRetryMs)
                    _logger.AppendFailed(_kind.Topic, _partition, append.Error);
                if (!append.IsRefused)
                    Fail(append.Error);
                return append;
            }
        }
        shard.Install(decision, now);
        foreach (var tell in events ?? [])
            tell();
        Invariant.Holds(_awaitsCommit || _uncommitted.Count == 0, $"{_kind.Topic}-{_partition}: {_uncommitted.Count} replies wait, and nothing is awaited");
        foreach (var reply in decision.Replies)
        {
            if (_awaitsCommit)
                _uncommitted.Enqueue((_requiredOffset, now.After(_kind.CommitTimeoutMs), reply));
            else
                Release(reply);
        }
        return append;
    }

    private ShardAppend Append(TShard shard, IReadOnlyList<ShardRecord> records, ReadOnlyMemory<byte> batch)
    {
        var append = _log.Append(batch);
        if (append.Error != ErrorCode.None)
            return append;
        Invariant.Holds(append.RequiredOffset == append.BaseOffset + records.Count && append.BaseOffset >= _appendedTo,
            $"{_kind.Topic}-{_partition}: {records.Count} records are at {append.BaseOffset} to {append.RequiredOffset}, behind {_appendedTo}");
        _appendedTo = append.RequiredOffset;
        var offset = append.BaseOffset;
        foreach (var record in records)
            shard.Apply(record, offset++);
        _requiredOffset = append.RequiredOffset;
        if (!append.IsCommitted)
            AwaitCommit();
        return append;
    }

    /// <summary>
    /// Halves records that stand for themselves until the log takes them. One that is too large alone is left out: sending the whole shard away would not
    /// make it smaller.
    /// </summary>
    private ShardAppend AppendInPieces(TShard shard, IReadOnlyList<ShardRecord> records, Now now)
    {
        if (records.Count == 1)
        {
            _logger.AppendFailed(_kind.Topic, _partition, ErrorCode.MessageTooLarge);
            return default;
        }
        var half = records.Count / 2;
        foreach (var piece in new ShardRecord[][] { [.. records.Take(half)], [.. records.Skip(half)] })
        {
            var append = Append(shard, piece, ShardRecordSerde.ToBatch(piece, now.WallMs, _kind.Codec));
            if (append.IsTooLarge)
                append = AppendInPieces(shard, piece, now);
            if (append.Error != ErrorCode.None)
                return append;
        }
        return default;
    }

    /// <summary>What an asker hears of a refusal. Too large is none of the errors that a coordinator's clients know.</summary>
    private static ErrorCode ErrorOf(ShardAppend refused) => refused.IsTooLarge ? ErrorCode.UnknownServerError : ErrorCode.CoordinatorNotAvailable;

    /// <summary>Nobody knows what the log holds, or whether what it holds will stay.</summary>
    private void Fail(ErrorCode error) => Restart(
        error is ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.RequestTimedOut
            ? ErrorCode.CoordinatorNotAvailable
            : ErrorCode.NotCoordinator);

    /// <summary>Sends everybody away who waits, and loads the log again after a pause.</summary>
    private void Restart(ErrorCode error)
    {
        Drop(_isClosed ? ErrorCode.NotCoordinator : error);
        if (!_isClosed)
            _load.BeginAgain(_generation);
    }

    /// <summary>Tells all who would have been answered by what a command led to, and installs what follows from its failure.</summary>
    private void Refuse(ShardCommand command, Ticket ticket, ErrorCode error, Now now)
    {
        var refusal = _shard!.Refused(command, ticket, error, now);
        _shard.Install(refusal, now);
        foreach (var reply in refusal.Replies)
            Release(reply);
        ScheduleDeadline();
    }

    private void Refuse(Ticket ticket, ErrorCode error)
    {
        if (_waiting.Remove(ticket.Value, out var waiting))
            _ = waiting.Answer.TrySetResult(waiting.Command.Refuse(error));
    }

    private void AwaitCommit()
    {
        if (_awaitsCommit)
            return;
        _awaitsCommit = true;
        // Replies wait in the order of their offsets and of their time, so that the first says what to wait for and how long.
        var (requiredOffset, dueMs) = _uncommitted.TryPeek(out var first) ? (first.RequiredOffset, first.DueMs) : (_requiredOffset, long.MaxValue);
        _ = ReleaseWhenCommitted(requiredOffset, (int)Math.Clamp(dueMs - _time.TickMs(), 1, _kind.CommitTimeoutMs), _generation);
    }

    private async Task ReleaseWhenCommitted(long requiredOffset, int timeoutMs, int generation)
    {
        try
        {
            var outcome = await _log.WhenCommitted(requiredOffset, timeoutMs);
            _mailbox.Post(() => Committed(requiredOffset, outcome, generation));
        }
        catch (Exception failure)
        {
            // Nobody awaits this: it fails in a turn.
            _mailbox.Post(() => ExceptionDispatchInfo.Throw(failure));
        }
    }

    private void Committed(long requiredOffset, ErrorCode outcome, int generation)
    {
        if (generation != _generation)
            return;
        _awaitsCommit = false;
        if (outcome == ErrorCode.RequestTimedOut)
        {
            // The records are in the log and may be committed yet: only the caller hears that the outcome is unknown.
            var now = _time.Now();
            while (_uncommitted.TryPeek(out var late) && late.DueMs <= now.TickMs)
                Refuse(_uncommitted.Dequeue().Reply.Ticket, ErrorCode.CoordinatorNotAvailable);
            AwaitCommit();
            return;
        }
        if (outcome != ErrorCode.None)
        {
            _logger.AppendFailed(_kind.Topic, _partition, outcome);
            Fail(outcome);
            return;
        }
        _load.Succeeded();
        while (_uncommitted.TryPeek(out var next) && next.RequiredOffset <= requiredOffset)
            Release(_uncommitted.Dequeue().Reply);
        if (_requiredOffset > requiredOffset)
            AwaitCommit();
    }

    private void Release(ShardReply reply)
    {
        if (_waiting.Remove(reply.Ticket.Value, out var waiting))
            _ = waiting.Answer.TrySetResult(reply.Body);
    }

    private void Drop(ErrorCode error)
    {
        _generation++;
        (_shard, _appendedTo) = (null, 0);
        _pausedUntil = long.MinValue;
        _awaitsCommit = false;
        _uncommitted.Clear();
        foreach (var waiting in _waiting.Values)
            _ = waiting.Answer.TrySetResult(waiting.Command.Refuse(error));
        _waiting.Clear();
        ScheduleDeadline();
    }

    private ReadOnlyMemory<byte> ToBatch(ShardDecision decision, Now now) =>
        decision.Records.Count == 0 ? default : ShardRecordSerde.ToBatch(decision.Records, now.WallMs, _kind.Codec);

    private void ScheduleDeadline()
    {
        var next = NextDue();
        // A later deadline is left to be found when the earlier one fires: it costs one look, and most deadlines move away with every heartbeat.
        if (_goesOn || next == long.MaxValue || next >= _scheduledFor)
            return;
        if (_scheduledFor != long.MaxValue && !_wheel.Cancel(_deadline))
            return;
        var now = _time.TickMs();
        if (next <= now)
        {
            // Due as soon as it was set, as a rebalance that waits for nobody is: not a tick of a clock that may stand still, but after those in the mailbox.
            _scheduledFor = long.MaxValue;
            _goesOn = true;
            _mailbox.Post(OnDeadline);
            return;
        }
        _scheduledFor = next;
        _wheel.Schedule(_deadline, next - now);
    }

    private sealed record Waiting(ShardCommand Command, TaskCompletionSource<object> Answer);

    private sealed class Deadline(ShardLoop<TShard> loop) : TimerWheelEntry
    {
        /// <summary>The wheel's thread must not wait for an append.</summary>
        protected internal override void OnDeadline() => loop._mailbox.Send(loop.OnDeadline);
    }
}
