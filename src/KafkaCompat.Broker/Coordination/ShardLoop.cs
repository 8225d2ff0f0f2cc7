using KafkaCompat.Broker.Loops;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// Runs one <see cref="GroupShard"/>: loads it, hands it commands and passed deadlines one at a time, appends what it decides, and
/// releases its replies when they are committed.
///
/// Work is done on the thread that brings it, by whoever finds the mailbox idle; the others leave theirs behind. States:
/// Loading (commands are refused with COORDINATOR_LOAD_IN_PROGRESS) → Active → Closed (refused with NOT_COORDINATOR, for good).
/// A failed append takes an active shard back to Loading: everybody who waits is sent away, and the log is read again. So does an
/// exception once a decision is being carried out. One before that, while it is made, is the asker's affair alone: deciding changes nothing.
/// </summary>
internal sealed class GroupShardLoop : IAsyncDisposable
{
    /// <summary>Commands that wait for their turn. Past it a client is asked to come back: it is its own queue that is too long.</summary>
    private const int MaxQueued = 10_000;

    /// <summary>What is done in one go. The rest has its turn behind others: the thread may be a socket's, with connections of its own.</summary>
    private const int MaxItemsPerTurn = 64;

    /// <summary>Groups whose time is over that are ended before a command is decided which looks at them. A listing looks at all.</summary>
    private const int MaxStepsBeforeCommand = 1_000;

    /// <summary>The pause before the log is read again; it doubles with each load in a row that fails, up to <see cref="MaxReloadDelayMs"/>.</summary>
    private const int ReloadDelayMs = 1_000;

    private const int MaxReloadDelayMs = 60_000;

    private readonly Lock _lock = new();
    private readonly Queue<Action> _mailbox = new();
    private readonly IGroupLog _log;
    private readonly GroupSettings _settings;
    private readonly TimeProvider _time;
    private readonly TimerWheel _wheel;
    private readonly ILogger _logger;
    private readonly int _partition;
    private readonly Deadline _deadline;
    private readonly Func<string, Uuid?>? _topicIds;
    private readonly HashSet<string> _deletedTopics = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Everything below is touched by the mailbox's work only.
    private readonly Dictionary<long, Waiting> _waiting = [];
    private readonly Queue<(long RequiredOffset, long DueMs, GroupReply Reply)> _uncommitted = new();
    private GroupShard? _shard;
    private long _lastTicket;
    private long _requiredOffset;
    private long _scheduledFor = long.MaxValue;
    private bool _awaitsCommit;
    private int _generation;
    private int _failedLoads;
    private bool _goesOn;
    private Task _load = Task.CompletedTask;

    private bool _isBusy;
    private bool _isToldOfTopics;
    private volatile bool _isClosed;
    private volatile GroupCounts _counts = GroupCounts.None;

    public GroupShardLoop(
        int partition, IGroupLog log, GroupSettings settings, TimeProvider time, TimerWheel wheel, ILogger logger, Func<string, Uuid?>? topicIds)
    {
        _topicIds = topicIds;
        _partition = partition;
        _log = log;
        _settings = settings;
        _time = time;
        _wheel = wheel;
        _logger = logger;
        _deadline = new Deadline(this);
    }

    /// <summary>Whether it has read its log and decides.</summary>
    public bool IsLoaded => Volatile.Read(ref _shard) is not null;

    /// <summary>What the shard held when it was counted last.</summary>
    public GroupCounts Counts => _counts;

    /// <summary>Counts what the shard holds, when its turn comes; an idle one has done it when this returns.</summary>
    public void Count() => _ = Post(() => _counts = _shard?.Count() ?? GroupCounts.None);

    /// <summary>Begins to load; the caller goes on at once.</summary>
    public void Start() => _ = Post(() => BeginLoad(_generation, delayMs: 0), force: true);

    /// <summary>The answer to a command, sooner or later.</summary>
    public Task<object> Ask(GroupCommand command)
    {
        var answer = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!Post(() => Decide(command, answer)))
            answer.SetResult(command.Refuse(ErrorCode.CoordinatorLoadInProgress));
        return answer.Task;
    }

    /// <summary>
    /// Topics were deleted. Nobody tells a second time, so neither a full mailbox nor a shard that loads may lose it: the names are kept until a shard
    /// begins to forget them, and one that has loaded compares all that it has with the topics that there are.
    /// </summary>
    public void ForgetTopics(IReadOnlyCollection<string> deleted)
    {
        lock (_lock)
        {
            _deletedTopics.UnionWith(deleted);
            if (_isToldOfTopics)
                return;
            _isToldOfTopics = true;
        }
        _ = Post(BeginToForget, force: true);
    }

    /// <summary>
    /// The partition is led elsewhere from now on, or gone. Everybody who waits is told to look for the coordinator. When this is done nothing is read, written or logged
    /// any more: at most one step of a load, or one append, is waited for.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _closing.Cancel();
            _ = Post(Close, force: true);
        }
        await _closed.Task;
        // No other one begins after that.
        await _load;
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

    private bool Post(Action work, bool force = false)
    {
        lock (_lock)
        {
            if (!force && _mailbox.Count >= MaxQueued)
                return false;
            _mailbox.Enqueue(work);
            if (_isBusy)
                return true;
            _isBusy = true;
        }
        TakeTurn();
        return true;
    }

    /// <summary>Does what waits in the mailbox, and leaves to another turn what is too much for this one.</summary>
    private void TakeTurn()
    {
        for (var items = 0; ; items++)
        {
            Action next;
            lock (_lock)
            {
                if (_mailbox.Count == 0)
                {
                    _isBusy = false;
                    return;
                }
                if (items == MaxItemsPerTurn)
                    break;
                next = _mailbox.Dequeue();
            }
            try
            {
                next();
            }
            catch (Exception e)
            {
                // Whoever took the mailbox must empty it, or nothing would be taken from it again.
                _logger.ShardFailed(e, _partition);
                Restart(ErrorCode.UnknownServerError);
            }
        }
        _ = TakeNextTurn();
    }

    private async Task TakeNextTurn()
    {
        await Task.Yield();
        TakeTurn();
    }

    private void BeginLoad(int generation, int delayMs)
    {
        var load = Load(generation, delayMs);
        // One that another has made void may still be reading.
        _load = _load.IsCompleted ? load : Task.WhenAll(_load, load);
    }

    private async Task Load(int generation, int delayMs)
    {
        if (delayMs > 0)
            _ = await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(delayMs), _time, _closing.Token));
        // Whoever announced the leadership has other partitions to announce.
        await Task.Yield();
        if (_isClosed)
            return;
        var shard = new GroupShard(_settings);
        var end = default(GroupLogEnd);
        ErrorCode error;
        try
        {
            end = _log.End;
            error = end.Error == ErrorCode.None ? await Read(shard, end.Offset) : end.Error;
        }
        catch (Exception e)
        {
            _logger.LoadFaulted(e, _partition);
            error = ErrorCode.UnknownServerError;
        }
        if (error == ErrorCode.None)
            _ = Post(() => Activate(shard, end, generation), force: true);
        else
            _ = Post(() => Reload(generation), force: true);
    }

    /// <summary>Applies the log to the shard, from its start to an end that was taken before.</summary>
    private async Task<ErrorCode> Read(GroupShard shard, long endOffset)
    {
        long unreadable = 0;
        var offset = _log.StartOffset;
        var started = _time.GetTimestamp();
        while (!_isClosed && offset < endOffset)
        {
            var (error, batches) = _log.Read(offset, endOffset);
            // Offsets up to the end that no batch has: they were compacted away, or a segment was begun ahead of them and nothing written to it.
            if (error == ErrorCode.None && batches.IsEmpty)
            {
                offset = endOffset;
                break;
            }
            var next = error == ErrorCode.None ? GroupLog.Apply(shard, new System.Buffers.ReadOnlySequence<byte>(batches), ref unreadable) : -1;
            if (next <= offset)
            {
                // Half of the log would look like groups that have lost their offsets.
                error = error == ErrorCode.None ? ErrorCode.CorruptMessage : error;
                _logger.LoadFailed(_partition, offset, error);
                return error;
            }
            offset = next;
            await Task.Yield();
        }
        if (_isClosed)
            return ErrorCode.NotCoordinator;
        if (unreadable > 0)
            _logger.UnreadableRecords(_partition, unreadable);
        if (offset > 0)
            _logger.Loaded(_partition, offset, (long)_time.GetElapsedTime(started).TotalMilliseconds);
        return ErrorCode.None;
    }

    private void Activate(GroupShard shard, GroupLogEnd end, int generation)
    {
        if (_isClosed || generation != _generation)
            return;
        _shard = shard;
        // What was loaded may not be durable yet, and may not be told before it is.
        _requiredOffset = end.Offset;
        if (!end.IsCommitted)
            AwaitCommit();
        var now = _time.Now();
        var loaded = shard.OnLoaded(now);
        Carry(loaded, ToBatch(loaded, now), now, null);
        if (_shard is null)
            return;
        BeginToForget();
        // Only now: a log that can be read and not written is not to be read again each second.
        if (_shard is not null && !_awaitsCommit)
            _failedLoads = 0;
        ScheduleDeadline();
    }

    private void BeginToForget()
    {
        string[] deleted;
        lock (_lock)
        {
            _isToldOfTopics = false;
            if (_isClosed || _shard is null)
                return;
            deleted = [.. _deletedTopics];
            _deletedTopics.Clear();
        }
        if (deleted.Length == 0 && _topicIds is null)
            return;
        var now = _time.Now();
        var decision = _shard.Decide(new ForgetTopicsCommand(deleted, _topicIds), default, now);
        Carry(decision, ToBatch(decision, now), now, null);
        ScheduleDeadline();
    }

    private void Decide(GroupCommand command, TaskCompletionSource<object> answer)
    {
        if (_isClosed || _shard is null)
        {
            _ = answer.TrySetResult(command.Refuse(_isClosed ? ErrorCode.NotCoordinator : ErrorCode.CoordinatorLoadInProgress));
            return;
        }
        var now = _time.Now();
        var ticket = new GroupTicket(++_lastTicket);
        _waiting[ticket.Value] = new Waiting(command, answer);
        for (var steps = 0; steps < MaxStepsBeforeCommand && _shard.OnDeadlineBefore(command, now) is { } due; steps++)
        {
            Carry(due, ToBatch(due, now), now, null);
            if (_shard is null)
                return;
        }
        GroupDecision decision;
        ReadOnlyMemory<byte> batch;
        try
        {
            decision = _shard.Decide(command, ticket, now);
            batch = ToBatch(decision, now);
        }
        catch (Exception e)
        {
            _logger.CommandFailed(e, _partition, command.GetType().Name);
            Refuse(command, ticket, ErrorCode.UnknownServerError, now);
            return;
        }
        Carry(decision, batch, now, ticket);
        ScheduleDeadline();
    }

    private void OnDeadline()
    {
        _scheduledFor = long.MaxValue;
        _goesOn = false;
        if (_isClosed || _shard is not { } shard)
            return;
        var now = _time.Now();
        if (shard.NextDeadline <= now.TickMs)
        {
            var decision = shard.OnDeadline(now);
            Carry(decision, ToBatch(decision, now), now, null);
            if (_shard?.NextDeadline <= now.TickMs)
            {
                // Those who wait in the mailbox have their turn between two steps.
                _goesOn = true;
                _ = Post(OnDeadline, force: true);
                return;
            }
        }
        ScheduleDeadline();
    }

    /// <summary>Append, apply, install, and release what is committed: the order that <see cref="GroupDecision"/> demands.</summary>
    private void Carry(GroupDecision decision, ReadOnlyMemory<byte> batch, Now now, GroupTicket? asker)
    {
        var shard = _shard!;
        var events = decision.Drafts.Count > 0 && _logger.IsEnabled(LogLevel.Information) ? GroupEvents.Of(_logger, shard, decision) : null;
        if (!batch.IsEmpty)
        {
            var error = Append(shard, decision.Records, batch);
            if (!decision.IsAtomic && IsTooLarge(error))
                error = AppendInPieces(shard, decision.Records, now);
            if (error != ErrorCode.None)
            {
                AppendFailed(error, asker, now);
                return;
            }
        }
        shard.Install(decision, now);
        events?.ForEach(static tell => tell());
        foreach (var reply in decision.Replies)
        {
            if (_awaitsCommit)
                _uncommitted.Enqueue((_requiredOffset, now.After(_settings.OffsetsCommitTimeoutMs), reply));
            else
                Release(reply);
        }
    }

    private ErrorCode Append(GroupShard shard, IReadOnlyList<GroupRecord> records, ReadOnlyMemory<byte> batch)
    {
        var append = _log.Append(batch);
        if (append.Error != ErrorCode.None)
            return append.Error;
        var offset = append.BaseOffset;
        foreach (var record in records)
            shard.Apply(record, offset++);
        _requiredOffset = append.RequiredOffset;
        if (!append.IsCommitted)
            AwaitCommit();
        return ErrorCode.None;
    }

    /// <summary>
    /// Halves records that stand for themselves until the log takes them. One that is too large alone is left out: sending the whole shard away would not
    /// make it smaller.
    /// </summary>
    private ErrorCode AppendInPieces(GroupShard shard, IReadOnlyList<GroupRecord> records, Now now)
    {
        if (records.Count == 1)
        {
            _logger.AppendFailed(_partition, ErrorCode.MessageTooLarge);
            return ErrorCode.None;
        }
        var half = records.Count / 2;
        foreach (var piece in new GroupRecord[][] { [.. records.Take(half)], [.. records.Skip(half)] })
        {
            var error = Append(shard, piece, GroupLog.ToBatch(piece, now.WallMs, _settings.OffsetsCodec));
            if (IsTooLarge(error))
                error = AppendInPieces(shard, piece, now);
            if (error != ErrorCode.None)
                return error;
        }
        return ErrorCode.None;
    }

    /// <summary>Whether the log has written nothing, and would not have.</summary>
    private static bool IsRefusal(ErrorCode error) => IsTooLarge(error) || error == ErrorCode.NotEnoughReplicas;

    private static bool IsTooLarge(ErrorCode error) => error is ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge;

    private void AppendFailed(ErrorCode error, GroupTicket? asker, Now now)
    {
        _logger.AppendFailed(_partition, error);
        if (asker is { } ticket && IsRefusal(error) && _waiting.TryGetValue(ticket.Value, out var waiting))
        {
            // The decision was never installed, so the shard is as if nothing had been asked; only those have to know whose answers it had.
            Refuse(waiting.Command, ticket, IsTooLarge(error) ? ErrorCode.UnknownServerError : ErrorCode.CoordinatorNotAvailable, now);
            return;
        }
        Restart(error is ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.RequestTimedOut
            ? ErrorCode.CoordinatorNotAvailable
            : ErrorCode.NotCoordinator);
    }

    /// <summary>Sends everybody away who waits, and loads the log again after a pause.</summary>
    private void Restart(ErrorCode error)
    {
        Drop(_isClosed ? ErrorCode.NotCoordinator : error);
        Reload(_generation);
    }

    /// <summary>Tells all who would have been answered by what a command led to, and installs what follows from its failure.</summary>
    private void Refuse(GroupCommand command, GroupTicket ticket, ErrorCode error, Now now)
    {
        var refusal = _shard!.Refused(command, ticket, error, now);
        _shard.Install(refusal, now);
        foreach (var reply in refusal.Replies)
            Release(reply);
        ScheduleDeadline();
    }

    private void Refuse(GroupTicket ticket, ErrorCode error)
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
        _ = ReleaseWhenCommitted(requiredOffset, (int)Math.Clamp(dueMs - _time.TickMs(), 1, _settings.OffsetsCommitTimeoutMs), _generation);
    }

    private async Task ReleaseWhenCommitted(long requiredOffset, int timeoutMs, int generation)
    {
        var outcome = await _log.WhenCommitted(requiredOffset, timeoutMs);
        _ = Post(() => Committed(requiredOffset, outcome, generation), force: true);
    }

    private void Committed(long requiredOffset, ErrorCode outcome, int generation)
    {
        if (generation != _generation)
            return;
        _awaitsCommit = false;
        if (outcome == ErrorCode.RequestTimedOut)
        {
            // The records are in the log and may be committed yet: only who asked is told that it does not know.
            var now = _time.Now();
            while (_uncommitted.TryPeek(out var late) && late.DueMs <= now.TickMs)
                Refuse(_uncommitted.Dequeue().Reply.Ticket, ErrorCode.CoordinatorNotAvailable);
            AwaitCommit();
            return;
        }
        if (outcome != ErrorCode.None)
        {
            AppendFailed(outcome, null, _time.Now());
            return;
        }
        _failedLoads = 0;
        while (_uncommitted.TryPeek(out var next) && next.RequiredOffset <= requiredOffset)
            Release(_uncommitted.Dequeue().Reply);
        if (_requiredOffset > requiredOffset)
            AwaitCommit();
    }

    private void Release(GroupReply reply)
    {
        if (_waiting.Remove(reply.Ticket.Value, out var waiting))
            _ = waiting.Answer.TrySetResult(reply.Body);
    }

    private void Reload(int generation)
    {
        if (_isClosed || generation != _generation)
            return;
        var delayMs = (int)Math.Min(MaxReloadDelayMs, (long)ReloadDelayMs << Math.Min(_failedLoads, 16));
        _failedLoads++;
        BeginLoad(generation, delayMs);
    }

    private void Drop(ErrorCode error)
    {
        _generation++;
        _shard = null;
        _awaitsCommit = false;
        _uncommitted.Clear();
        foreach (var waiting in _waiting.Values)
            _ = waiting.Answer.TrySetResult(waiting.Command.Refuse(error));
        _waiting.Clear();
        ScheduleDeadline();
    }

    private ReadOnlyMemory<byte> ToBatch(GroupDecision decision, Now now) =>
        decision.Records.Count == 0 ? default : GroupLog.ToBatch(decision.Records, now.WallMs, _settings.OffsetsCodec);

    private void ScheduleDeadline()
    {
        var next = _shard?.NextDeadline ?? long.MaxValue;
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
            _ = Post(OnDeadline, force: true);
            return;
        }
        _scheduledFor = next;
        _wheel.Schedule(_deadline, next - now);
    }

    private sealed record Waiting(GroupCommand Command, TaskCompletionSource<object> Answer);

    private sealed class Deadline(GroupShardLoop loop) : TimerWheelEntry
    {
        protected internal override void OnDeadline() => _ = Fire();

        /// <summary>The wheel's thread must not wait for an append.</summary>
        private async Task Fire()
        {
            await Task.Yield();
            _ = loop.Post(loop.OnDeadline, force: true);
        }
    }
}
