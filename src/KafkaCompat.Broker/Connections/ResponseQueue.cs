using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// Answers leave in the order of their requests, whatever order they are ready in. Whoever completes the answer at the
/// head writes it and all that stand ready behind it; others only leave theirs. There is no writer task: an answer that
/// is ready at once is written on the thread that received its request. The queue also knows when the next request may be
/// started: when those before it are answered and the client has taken what was sent.
/// </summary>
/// <remarks>
/// Invariants: at most one thread writes (<see cref="_writing"/>), and only it touches the pipe and
/// <see cref="_unflushedBytes"/>; every answer before <see cref="_head"/> is in the pipe; <see cref="_pending"/> counts
/// what <see cref="Begin"/> gave out and is not in the pipe yet, <see cref="_ordered"/> those of them behind which nothing may be started, and
/// <see cref="_keptBytes"/> the bytes of those that have their answer.
/// </remarks>
internal sealed class ResponseQueue(
    PipeWriter output, Action<Exception?> onClosed, RequestMetrics? metrics = null, AnswerMemory.Claim? memory = null, Action<Exception>? onFault = null,
    FatalFaults? faults = null)
{
    private enum Awaited
    {
        Nothing,
        Empty,
        Start,
        StartOfProduce,
    }

    private readonly Lock _lock = new();
    private readonly IRegionSink? _regions = output as IRegionSink;
    private PendingAnswer? _head;
    private PendingAnswer? _tail;
    private TaskCompletionSource? _waiter;
    private TaskCompletionSource? _writerEnded;
    private Awaited _awaited;
    private int _pending;
    private int _ordered;
    private long _keptBytes;
    private int _unflushedBytes;
    private int _bytesWanted;
    private bool _writing;
    private bool _clientIsBehind;
    private bool _corked;
    private bool _closing;
    private bool _closed;
    private PendingAnswer? _current;

    /// <summary>True when nothing more will be written: an answer asked to close, or the pipe failed.</summary>
    public bool IsClosed
    {
        get { lock (_lock) return _closed; }
    }

    /// <summary>When an answer was written last, as a timestamp of the node's clock.</summary>
    public long LastWrittenTicks { get; private set; }

    /// <summary>Takes the next place in the order.</summary>
    public PendingAnswer Begin(int correlationId, short headerVersion, short version, ApiKey key = default, int requestBytes = 0, long startedTicks = 0)
    {
        var answer = new PendingAnswer(correlationId, headerVersion, version)
        {
            ApiKey = (short)key,
            RequestBytes = requestBytes,
            StartedTicks = startedTicks,
            BegunTicks = metrics?.Now ?? 0,
        };
        lock (_lock)
        {
            if (_tail is null) _head = answer;
            else _tail.Next = answer;
            _tail = answer;
            _pending++;
            _ordered++;
        }
        return answer;
    }

    /// <summary>A request that waits only for its acknowledgement: Produce requests behind it may be started.</summary>
    public void LetOverlap(PendingAnswer answer)
    {
        lock (_lock)
        {
            if (_closed || !answer.IsOrdered) return;
            answer.IsOrdered = false;
            _ordered--;
            if (!_writing && TakeWaiterIfDue() is { } due) Elsewhere.Release(due);
        }
    }

    /// <summary>Fills a place, on any thread; what fills it again is let go unseen. Null for a request that gets no answer.</summary>
    public void Complete(PendingAnswer answer, IResponse? response, bool closeConnection = false, IDisposable? held = null)
    {
        var isDropped = false;
        // One whose handler had it at once is written at once as a rule, and has no time of its own to be measured.
        if (metrics is not null && answer.HandledTicks != 0) answer.CompletedTicks = metrics.Now;
        lock (_lock)
        {
            if (!_closed)
            {
                if (answer.IsComplete) return;
                var mustWait = _writing || !ReferenceEquals(_head, answer);
                // An answer that has no size cannot be written either: its place is still to be filled then.
                if (mustWait && response is not null) answer.KeptBytes = response.GetSize(answer.Version);
                answer.Response = response;
                answer.CloseConnection = closeConnection;
                answer.Held = held;
                answer.IsComplete = true;
                if (mustWait)
                {
                    if (metrics is not null && answer.CompletedTicks == 0) answer.CompletedTicks = metrics.Now;
                    _keptBytes += answer.KeptBytes;
                    return;
                }
                _writing = true;
            }
            else
            {
                isDropped = true;
            }
        }
        if (isDropped) Release(held);
        else Drain();
    }

    /// <summary>While corked, answers gather in the pipe so that many small ones leave in one send.</summary>
    public void Cork()
    {
        lock (_lock) _corked = true;
    }

    public void Uncork()
    {
        lock (_lock)
        {
            _corked = false;
            if (_writing) return;
            _writing = true;
        }
        Drain();
    }

    /// <summary>
    /// Whether the next request may be started. Requests of a connection are processed one after another; a Produce may be started behind others that have
    /// written their records and wait for the acknowledgement, up to <see cref="ConnectionLimits.MaxRequestsInFlight"/> of them.
    /// </summary>
    public bool MayStart(bool isProduce)
    {
        lock (_lock) return CanStart(isProduce);
    }

    /// <summary>Completes when the next request may be started, or nothing will be written any more. One waiter at a time: an earlier one is let go.</summary>
    public Task WhenMayStart(bool isProduce)
    {
        lock (_lock) return CanStart(isProduce) ? Task.CompletedTask : Wait(isProduce ? Awaited.StartOfProduce : Awaited.Start);
    }

    /// <summary>
    /// Completes when every answer is out and the last one flushed, or nothing will be written any more. One waiter at a time: an earlier one is let go.
    /// </summary>
    public Task WhenEmpty()
    {
        lock (_lock) return _closed || (_pending == 0 && !_writing) ? Task.CompletedTask : Wait(Awaited.Empty);
    }

    private bool CanStart(bool isProduce)
    {
        if (_closed) return true;
        if (_clientIsBehind) return false;
        return _pending == 0
            || (isProduce && _ordered == 0 && _pending < ConnectionLimits.MaxRequestsInFlight && _keptBytes < ConnectionLimits.MaxUnflushedBytes);
    }

    /// <remarks>What waits to start runs where <see cref="Drain"/> releases it, so it is released there alone or on the pool.</remarks>
    private Task Wait(Awaited awaited)
    {
        ReleaseWaiter();
        _awaited = awaited;
        _waiter = new TaskCompletionSource();
        return _waiter.Task;
    }

    /// <summary>
    /// Completes when no thread is writing to the pipe and, the queue being closed, none will: from then on the pipe's memory is the caller's to give
    /// back. A send that is under way has to be ended by whoever owns the socket.
    /// </summary>
    public Task WhenWritingEnded()
    {
        lock (_lock)
        {
            if (!_writing) return Task.CompletedTask;
            _writerEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _writerEnded.Task;
        }
    }

    /// <summary>Drops what is left, for a connection that is gone.</summary>
    public void Close() => Close(null, isWriter: false);

    /// <summary>The thread that writes ends the queue, and is done with the pipe: nobody ends the connection for it, and what was sent with it.</summary>
    private void CloseByWriter(Exception? failure = null) => Close(failure is null || IsPipeFailure(failure) ? null : failure, isWriter: true);

    private void Close(Exception? failure, bool isWriter)
    {
        PendingAnswer? dropped;
        lock (_lock)
        {
            if (_closed) return;
            _closed = true;
            if (isWriter) _writing = false;
            dropped = _head;
            _head = null;
            _tail = null;
            _pending = 0;
            _ordered = 0;
            _keptBytes = 0;
            ReleaseWaiter();
        }
        for (; dropped is not null; dropped = dropped.Next)
        {
            // The one that is being written right now is let go by its writer.
            if (!ReferenceEquals(dropped, _current)) Release(dropped.Held);
            dropped.Turn?.GiveBack();
        }
        memory?.End();
        onClosed(failure);
    }

    /// <summary>Writes while the head is ready. The caller has set <see cref="_writing"/>.</summary>
    /// <param name="isOwnThread">
    /// Whether the thread is the connection's own, or the pool's: then the next request is started on it. A client that sends fetches behind each other would
    /// otherwise pay for a change of threads with each large answer, which is a fifth of the work.
    /// </param>
    private void Drain(bool isOwnThread = false)
    {
        while (true)
        {
            switch (WriteReady(out var due))
            {
                case Written.Ended:
                    if (isOwnThread) due?.SetResult();
                    else if (due is not null) Elsewhere.Release(due);
                    return;
                case Written.NoRoom:
                    DrainWithRoom();
                    return;
            }
            ValueTask<FlushResult> flushing;
            try
            {
                var inMemory = memory is null ? 0 : output.CanGetUnflushedBytes ? output.UnflushedBytes : _unflushedBytes;
                _unflushedBytes = 0;
                flushing = output.FlushAsync();
                if (!flushing.IsCompletedSuccessfully)
                {
                    DrainAfter(flushing, inMemory);
                    return;
                }
                memory?.EndTurn();
                AfterFlush(flushing.GetAwaiter().GetResult());
            }
            catch (Exception e)
            {
                CloseByWriter(e);
            }
        }
    }

    private async void DrainAfter(ValueTask<FlushResult> flushing, long inMemory)
    {
        // An async void of the queue, as the next one: its outcome is the queue's own state, and nobody could await it.
        lock (_lock) _clientIsBehind = true;
        memory?.Hold(inMemory);
        try
        {
            AfterFlush(await new Later(flushing));
        }
        catch (Exception e)
        {
            CloseByWriter(e);
        }
        memory?.Release();
        lock (_lock) _clientIsBehind = false;
        Drain(isOwnThread: true);
    }

    private async void DrainWithRoom()
    {
        await memory!.WhenRoom(_bytesWanted);
        Drain();
    }

    private void AfterFlush(FlushResult result)
    {
        if (_closing || result.IsCompleted || result.IsCanceled) CloseByWriter();
    }

    private enum Written
    {
        Ended,
        ToFlush,

        /// <summary>The unread answers of all connections take as much memory as they may.</summary>
        NoRoom,
    }

    /// <summary>Moves ready answers into the pipe.</summary>
    private Written WriteReady(out TaskCompletionSource? due)
    {
        due = null;
        while (true)
        {
            PendingAnswer answer;
            // Nothing is acknowledged once an invariant was found broken, whoever found it.
            if (faults is { First: not null }) CloseByWriter();
            lock (_lock)
            {
                if (_closed)
                {
                    _writing = false;
                    _writerEnded?.TrySetResult();
                    return Written.Ended;
                }
                if (_head is not { IsComplete: true })
                {
                    // What was written has to be sent, unless the loop that reads requests will say so.
                    if (!_corked && _unflushedBytes > 0) return Written.ToFlush;
                    _writing = false;
                    due = TakeWaiterIfDue();
                    return Written.Ended;
                }
                answer = _head;
                _current = answer;
            }
            var hasRoom = true;
            try
            {
                var bytes = answer.Response is null ? 0 : SizeOf(answer);
                hasRoom = bytes == 0 || HasRoom(answer, bytes);
                if (hasRoom)
                {
                    if (bytes > 0) Write(answer, bytes);
                    Record(answer, bytes);
                }
            }
            catch (Exception e)
            {
                // Part of an answer may lie in the pipe: the stream of answers cannot be continued.
                CloseByWriter(e);
            }
            if (!hasRoom && PutBack(answer)) return Written.NoRoom;
            Release(answer.Held);
            answer.Response = null;
            lock (_lock)
            {
                _current = null;
                if (_closed) continue;
                _head = answer.Next;
                if (_head is null) _tail = null;
                _pending--;
                if (answer.IsOrdered) _ordered--;
                answer.IsOrdered = false;
                _keptBytes -= answer.KeptBytes;
            }
            if (answer.CloseConnection)
            {
                _closing = true;
                return Written.ToFlush;
            }
            if (_unflushedBytes >= ConnectionLimits.MaxUnflushedBytes) return Written.ToFlush;
        }
    }

    /// <summary>Counts and logs an answer that is in the pipe. Where that fails the answers behind it leave all the same.</summary>
    private void Record(PendingAnswer answer, int bytes)
    {
        try
        {
            if (metrics is not null) LastWrittenTicks = metrics.Record(answer, bytes);
            if (answer.Context is { } context) context.Log!.Answered(context, answer.Response, answer.RequestBytes, bytes, TimesOf(answer));
        }
        catch (Exception e)
        {
            onFault?.Invoke(e);
        }
    }

    private void Release(IDisposable? held)
    {
        try
        {
            held?.Dispose();
        }
        catch (Exception e)
        {
            onFault?.Invoke(e);
        }
    }

    private RequestTimes TimesOf(PendingAnswer answer) =>
        metrics is null ? default : metrics.TimesOf(answer.StartedTicks, answer.BegunTicks, answer.HandledTicks, answer.CompletedTicks, LastWrittenTicks);

    /// <summary>
    /// Bytes of an answer with its length. Throws where they are more than an answer may have: what a Fetch returns is bounded by itself, and is no memory.
    /// </summary>
    private static int SizeOf(PendingAnswer answer)
    {
        int size;
        try
        {
            size = checked(sizeof(int) + sizeof(int) + answer.HeaderVersion + answer.Response!.GetSize(answer.Version));
        }
        catch (OverflowException)
        {
            throw new AnswerTooLargeException((ApiKey)answer.ApiKey, int.MaxValue);
        }
        return size <= AnswerRoom.MaxBytes || answer.ApiKey == (short)ApiKey.Fetch ? size : throw new AnswerTooLargeException((ApiKey)answer.ApiKey, size);
    }

    private bool HasRoom(PendingAnswer answer, int bytes)
    {
        if (memory is null || AnswerMemory.IsBoundedByRequest((ApiKey)answer.ApiKey)) return true;
        _bytesWanted = answer.ApiKey == (short)ApiKey.Fetch ? 0 : bytes;
        return memory.MayWrite(_bytesWanted);
    }

    /// <summary>The answer at the head stays there until there is room; false where the queue was closed meanwhile.</summary>
    private bool PutBack(PendingAnswer answer)
    {
        lock (_lock)
        {
            if (_closed) return false;
            _current = null;
            return ReferenceEquals(_head, answer);
        }
    }

    private void Write(PendingAnswer answer, int bytes)
    {
        var writer = new WireWriter(output, _regions);
        writer.WriteInt32(bytes - sizeof(int));
        writer.WriteInt32(answer.CorrelationId);
        // Header 1 ends in tagged fields; Kafka 4.4 knows none of them.
        if (answer.HeaderVersion > 0) writer.WriteUnsignedVarint(0);
        answer.Response!.Write(ref writer, answer.Version);
        writer.Flush();
        _unflushedBytes += bytes;
    }

    private TaskCompletionSource? TakeWaiterIfDue()
    {
        var isDue = _awaited switch
        {
            Awaited.Nothing => false,
            Awaited.Empty => _pending == 0,
            var start => CanStart(start == Awaited.StartOfProduce),
        };
        return isDue ? TakeWaiter() : null;
    }

    private TaskCompletionSource? TakeWaiter()
    {
        var waiter = _waiter;
        (_awaited, _waiter) = (Awaited.Nothing, null);
        return waiter;
    }

    /// <summary>For a caller who holds a lock, or whose thread is another connection's: what the waiter does next is none of its work.</summary>
    private void ReleaseWaiter()
    {
        if (TakeWaiter() is { } waiter) Elsewhere.Release(waiter);
    }

    private static bool IsPipeFailure(Exception e) =>
        e is IOException and not EndOfStreamException or OperationCanceledException or ObjectDisposedException or System.Net.Sockets.SocketException;

    /// <summary>
    /// Awaits a flush on the thread that completes it. One that has completed by now is awaited on the pool: the thread that asks for it may be that of another
    /// connection, or hold a lock.
    /// </summary>
    private readonly struct Later(ValueTask<FlushResult> flushing) : ICriticalNotifyCompletion
    {
#pragma warning disable CA1822 // The pattern of an awaiter asks for it.
        public bool IsCompleted => false;
#pragma warning restore CA1822

        public Later GetAwaiter() => this;

        public FlushResult GetResult() => flushing.GetAwaiter().GetResult();

        public void OnCompleted(Action continuation) => flushing.GetAwaiter().OnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => flushing.GetAwaiter().UnsafeOnCompleted(continuation);
    }
}
