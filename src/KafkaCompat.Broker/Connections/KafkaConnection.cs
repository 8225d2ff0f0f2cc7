using System.Buffers;
using System.Net;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// One client connection: cuts frames, decodes requests, starts handlers one after another, and hands their answers to the
/// <see cref="ResponseQueue"/>, which says when the next may be started. While a request waits, the connection is read up to <see cref="MaxReadAheadBytes"/>
/// further, so that the end of its client is seen.
/// </summary>
/// <remarks>
/// A request sees what those before it did, and nothing of those behind it, as Kafka promises: the next is started when this one is answered and the client has
/// taken the answer. The one exception is a Produce behind others that wait for their acknowledgement; nobody can see it.
/// <para/>
/// Where Kafka closes the connection instead of answering, so does this: a frame of bad length, a header or body that
/// cannot be read, an API key that is not served here, a version out of range (ApiVersions alone is answered then).
/// Answers to earlier requests go out first, as they do with Kafka.
/// </remarks>
public sealed class KafkaConnection
{
    /// <summary>Bytes of requests that may lie here, unlooked at, while one before them waits. Past it the connection is not read.</summary>
    private const int MaxReadAheadBytes = 64 * 1024;

    private readonly ConnectionContext _connection;
    private readonly ConnectionSurroundings _around;
    private readonly ConnectionLimits _limits;
    private readonly ConnectionInfo _info;
    private readonly RequestOpener _opener;
    private readonly FrameCutter _frames;
    private readonly RequestMetrics? _metrics;
    private readonly RequestMemory.Claim? _memory;
    private readonly ResponseQueue _responses;
    private readonly ConnectionActivity _activity;
    private readonly IMeasuredTransport? _transport;
    private readonly AnswerMemory.Claim? _answerMemory;
    private ReadPause? _pause;
    private volatile bool _isDraining;
    private volatile bool _isClosing;

    /// <summary>Whether somebody will end the pending read when the next request may be started.</summary>
    private volatile bool _isToBeWoken;

    /// <summary>A request that uses its bytes beyond its handler's start; nothing further is read of this connection before it has done with them.</summary>
    private (PendingAnswer Place, RequestContext Context)? _usesBytes;

    /// <summary>That of a large request which waits for it.</summary>
    private volatile DecodeTurn? _turn;

    /// <param name="connection">The bytes, both ways.</param>
    /// <param name="listenerName">The listener that accepted it.</param>
    /// <param name="dispatch">What the listener serves.</param>
    /// <param name="around">What it shares with the node's other connections.</param>
    public KafkaConnection(ConnectionContext connection, string listenerName, DispatchTable dispatch, ConnectionSurroundings around)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(around);
        _connection = connection;
        _around = around;
        _limits = around.Limits;
        _activity = new ConnectionActivity(around.Time);
        _transport = connection as IMeasuredTransport;
        _transport?.Note(_activity);
        var remote = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.Loopback;
        _info = new ConnectionInfo(connection.ConnectionId, listenerName, dispatch, remote.IsIPv4MappedToIPv6
            ? remote.MapToIPv4()
            : remote, connection.ConnectionClosed)
        {
            RemotePort = (connection.RemoteEndPoint as IPEndPoint)?.Port ?? 0,
        };
        _metrics = around.Metrics;
        _opener = new RequestOpener(_info, around);
        _memory = _limits.Memory is { } memory ? new RequestMemory.Claim(memory) : null;
        _answerMemory = _limits.Answers is { } answers ? new AnswerMemory.Claim(answers, this) : null;
        _responses = new ResponseQueue(connection.Transport.Output, OnResponsesClosed, _metrics, _answerMemory, OnAnswerFault, around.Faults);
        _frames = new FrameCutter(_limits.MaxRequestBytes, _opener, _responses, _memory, _answerMemory);
    }

    /// <summary>The listener that accepted it.</summary>
    public string ListenerName => _info.ListenerName;

    /// <summary>When bytes went over it last, in either direction, as a timestamp of the node's clock.</summary>
    public long LastActivity => _activity.Last;

    /// <summary>When its client took bytes last.</summary>
    internal long LastSent => _activity.LastSent;

    /// <summary>Looks whether its client has taken bytes since the last look, of those that the transport holds for it.</summary>
    internal void LookAtClient()
    {
        if (_transport?.UntakenBytes is { } bytes) _activity.NoteUntaken(bytes);
    }

    /// <summary>Whether <see cref="Close"/> was called; it ends soon.</summary>
    public bool IsClosing => _isClosing;

    /// <summary>Ends the connection for the sake of others; what is unanswered stays so.</summary>
    public void Close()
    {
        _isClosing = true;
        _responses.Close();
    }

    /// <summary>Ends the connection because no bytes went over it for long.</summary>
    internal void CloseIdle(long idleMs)
    {
        _responses.Close();
        Log(() => ConnectionLogMessages.IdleClosed(_around.Logger, _info.ConnectionId, _info.RemoteAddress, idleMs));
    }

    /// <summary>Ends the connection because its client does not read, and others wait for the memory that its answer takes.</summary>
    internal void CloseStalled(long unreadBytes, long ofAllBytes)
    {
        if (_isClosing) return;
        Close();
        Log(() => ConnectionLogMessages.StalledClosed(
            _around.Logger, _info.ConnectionId, _info.RemoteAddress, AnswerMemory.StalledAfterMs, unreadBytes, ofAllBytes));
    }

    /// <summary>Ends the connection because its client reads slowly, and others wait for the memory that its answer takes.</summary>
    internal void CloseSlow(long unreadBytes, long ofAllBytes)
    {
        if (_isClosing) return;
        Close();
        Log(() => ConnectionLogMessages.SlowClosed(_around.Logger, _info.ConnectionId, _info.RemoteAddress, AnswerMemory.SlowAfterMs, unreadBytes, ofAllBytes));
    }

    /// <summary>
    /// Ends the connection in order: no further request is read, what was begun is answered, then this half is closed and the client is waited for, so
    /// that it reads every answer and after them the end of the stream.
    /// </summary>
    public void Drain()
    {
        _isDraining = true;
        _pause?.End();
        _memory?.End();
        _answerMemory?.End();
        _turn?.EndWait();
        _connection.Transport.Input.CancelPendingRead();
    }

    /// <summary>Serves the connection until the client, an error or the idle deadline ends it. Does not throw for a client's doings.</summary>
    public async Task Run()
    {
        var idle = new IdleDeadline(this, _around);
        idle.Start();
        try
        {
            await ReadRequests();
        }
        catch (Exception e) when (
            e is IOException or ConnectionAbortedException or ConnectionResetException or OperationCanceledException or System.Net.Sockets.SocketException)
        {
            // The client went away. Nothing of ours depends on it.
        }
        finally
        {
            idle.Stop();
            _responses.Close();
            await LetWriterEnd();
            _memory?.GiveBack();
            await _connection.Transport.Input.CompleteAsync();
            await _connection.Transport.Output.CompleteAsync();
        }
    }

    // An answer may be on its way into the pipe, on another thread. Completing the pipe gives its memory to other connections, so that thread has to be done.
    private async Task LetWriterEnd()
    {
        var ended = _responses.WhenWritingEnded();
        if (ended.IsCompleted) return;
        _connection.Abort(new ConnectionAbortedException("The connection ends while an answer is being sent."));
        await ended;
    }

    private async Task ReadRequests()
    {
        var input = _connection.Transport.Input;
        while (true)
        {
            // Saying how much the frame needs lets the transport receive it into one block and wake this loop once.
            var result = await input.ReadAtLeastAsync(_frames.BytesNeeded);
            if (_responses.IsClosed) return;
            if (_isDraining)
            {
                input.AdvanceTo(result.Buffer.Start);
                await EndInOrder();
                return;
            }
            if (_transport is null && !result.IsCanceled) _activity.NoteReceived();
            var buffer = result.Buffer;
            _responses.Cork();
            var frame = StartRequests(ref buffer);
            _responses.Uncork();
            if (frame == FrameState.Costly) (frame, buffer) = await StartInTurn(buffer);
            if (_usesBytes is { } inUse)
            {
                _usesBytes = null;
                // Whether it failed is known to the code that awaits the answer.
                await inUse.Context.BytesInUse!.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                if (inUse.Context.IsOnlyAcknowledged) _responses.LetOverlap(inUse.Place);
            }
            // Past this line the bytes of the requests just started belong to the transport again.
            var readsOn = frame == FrameState.Incomplete || (frame == FrameState.Blocked && !result.IsCompleted && buffer.Length < MaxReadAheadBytes);
            if (readsOn) input.AdvanceTo(buffer.Start, buffer.End);
            else input.AdvanceTo(buffer.Start);
            _memory?.Release();
            switch (frame)
            {
                case FrameState.Refused:
                case FrameState.Incomplete when result.IsCompleted:
                    // The client may have closed its half only; what it asked before is still answered.
                    await _responses.WhenEmpty();
                    return;
                case FrameState.Blocked when readsOn:
                    WakeWhenMayStart();
                    break;
                case FrameState.Blocked:
                    await _responses.WhenMayStart(_frames.IsProduceBlocked);
                    break;
                case FrameState.Paused:
                    await _pause!.WhenOver();
                    break;
                case FrameState.Starved:
                    await _memory!.WhenGranted();
                    break;
                case FrameState.Crowded:
                    await _answerMemory!.WhenRoom();
                    break;
            }
        }
    }

    /// <summary>Ends the read that is about to begin when the next request may be started: it lies here already, whether or not more comes.</summary>
    private void WakeWhenMayStart()
    {
        _frames.LookAtOnce();
        if (_isToBeWoken) return;
        _isToBeWoken = true;
        WakeAfter(_responses.WhenMayStart(_frames.IsProduceBlocked));
    }

    private async void WakeAfter(Task mayStart)
    {
        await mayStart;
        _isToBeWoken = false;
        _connection.Transport.Input.CancelPendingRead();
    }

    private async Task EndInOrder()
    {
        var input = _connection.Transport.Input;
        await _responses.WhenEmpty();
        // A queue that closed meanwhile may still have a thread that writes; one that is empty has none.
        if (_responses.IsClosed) return;
        await _connection.Transport.Output.CompleteAsync();
        // A socket that is closed over unread bytes resets the connection, and with it goes what the client has not read yet.
        while (true)
        {
            var result = await input.ReadAsync();
            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) return;
        }
    }

    /// <summary>
    /// Starts the requests that lie complete in <paramref name="buffer"/>. <see cref="FrameState.Complete"/> means that more
    /// may follow once there is room for another answer.
    /// </summary>
    private FrameState StartRequests(ref ReadOnlySequence<byte> buffer)
    {
        while (true)
        {
            if (_pause is { IsOn: true })
            {
                _frames.LookAtLength();
                return FrameState.Paused;
            }
            var frame = _frames.Find(buffer, out var body);
            if (frame != FrameState.Complete) return frame;
            var opened = _opener.Open(body, DecodeMemory.SmallBytes);
            if (opened.Action == RequestAction.ReadInTurn) return FrameState.Costly;
            buffer = _frames.After(buffer, body);
            if (!StartRequest(opened, (int)body.Length)) return FrameState.Refused;
            if (_usesBytes is not null) return FrameState.Complete;
        }
    }

    /// <summary>
    /// Starts the request at the front of what was received, which is large: when there is memory for its objects, and decoded where it holds up nobody else.
    /// </summary>
    private async Task<(FrameState, ReadOnlySequence<byte>)> StartInTurn(ReadOnlySequence<byte> buffer)
    {
        var frame = buffer.Slice(sizeof(int), FrameCutter.LengthOf(buffer));
        var turn = _limits.Decoding.Ask(WireLimits.MostCost(frame.Length));
        _turn = turn;
        // Whoever ends the connection from now on ends the wait; who did so before is seen here.
        if (_isDraining || _responses.IsClosed) turn.EndWait();
        _around.Wheel.Schedule(turn, _limits.Decoding.WaitMs);
        var isGranted = await turn.Granted.Task;
        _ = _around.Wheel.Cancel(turn);
        _turn = null;
        if (!isGranted)
        {
            // It is looked at again, and then not started because the connection ends.
            if (_isDraining || _responses.IsClosed) return (FrameState.Complete, buffer);
            var level = _opener.LevelOf("memory");
            ConnectionLogMessages.NoTurnToDecode(_around.Logger, level, _info.ConnectionId, _info.RemoteAddress, frame.Length, _limits.Decoding.WaitMs);
            return (FrameState.Refused, buffer);
        }
        var isStarted = false;
        try
        {
            var opened = default(OpenedRequest);
            await _limits.DecodeThreads.Run(() => opened = _opener.Open(frame, turn.Bytes));
            if (opened.Action == RequestAction.ReadInTurn)
            {
                // All that there is for requests is less than what this one of its length might be worth.
                _opener.LogTooCostly(frame.Length, turn.Bytes);
                return (FrameState.Refused, buffer);
            }
            turn.Keep(opened.Cost);
            isStarted = opened.Action == RequestAction.Start;
            if (isStarted) opened.Context!.Turn = turn;
            buffer = _frames.After(buffer, frame);
            return (StartRequest(opened, (int)frame.Length) ? FrameState.Complete : FrameState.Refused, buffer);
        }
        finally
        {
            if (!isStarted) turn.GiveBack();
        }
    }

    /// <summary>Starts the handler of a request. False when the connection has to be closed.</summary>
    private bool StartRequest(in OpenedRequest opened, int frameBytes)
    {
        if (opened.Action == RequestAction.Close) return false;
        var served = opened.Served!;
        // It began when its bytes came, or when the request before it was done with.
        var startedTicks = Math.Max(_activity.LastReceived, _responses.LastWrittenTicks);
        var bytes = sizeof(int) + frameBytes;
        if (opened.Action == RequestAction.AnswerVersions)
        {
            _responses.Complete(_responses.Begin(opened.CorrelationId, 0, 0, served.Key, bytes, startedTicks), ApiVersionsRefusal(served));
            return true;
        }
        var context = opened.Context!;
        _opener.LogIfLogin(opened.Request!);
        var place = _responses.Begin(opened.CorrelationId, served.Info.ResponseHeaderVersion(opened.Version), opened.Version, served.Key, bytes, startedTicks);
        if (context.Log is not null) place.Context = context;
        ValueTask<IResponse?> answer;
        try
        {
            answer = served.Start(opened.Request!, context);
        }
        catch (Exception e)
        {
            Fail(place, context, e);
            return false;
        }
        if (context.Meter is { } meter) _around.Quotas.Returned(meter);
        if (answer.IsCompletedSuccessfully)
        {
            Complete(place, answer.GetAwaiter().GetResult(), context);
        }
        else
        {
            if (context.BytesInUse is { IsCompleted: false }) _usesBytes = (place, context);
            else if (context.IsOnlyAcknowledged) _responses.LetOverlap(place);
            // What comes of it later asks for its own turn.
            _answerMemory?.EndTurn();
            if (_metrics is not null) place.HandledTicks = _metrics.Now;
            if (context.Turn is { } turn)
            {
                place.Turn = turn;
                // Whoever closes from now on gives it back.
                if (_responses.IsClosed) turn.GiveBack();
            }
            CompleteLater(answer, place, context);
        }
        return !context.CloseRequested;
    }

    private void Complete(PendingAnswer place, IResponse? response, RequestContext context)
    {
        var throttleMs = 0;
        try
        {
            if (context.Meter is { } meter) throttleMs = _around.Quotas.Throttle(context, meter, response);
            if (throttleMs > 0) Pause(throttleMs);
            if (throttleMs > 0) _metrics?.RecordThrottle(context.Key, throttleMs);
            context.Turn?.GiveBack();
            // An answer that has no size fills no place.
            _responses.Complete(place, response, context.CloseRequested, context.Held);
        }
        catch (Exception e)
        {
            Fail(place, context, e);
        }
    }

    /// <summary>Reads nothing more for a while. What has been read and started before goes on: as with Kafka the throttle is for what comes next.</summary>
    private void Pause(int ms)
    {
        var pause = _pause;
        if (pause is null)
        {
            var made = new ReadPause(_around.Wheel, _around.Time);
            pause = Interlocked.CompareExchange(ref _pause, made, null) ?? made;
        }
        pause.Extend(ms);
        if (_isDraining || _responses.IsClosed) pause.End();
    }

    private async void CompleteLater(ValueTask<IResponse?> answer, PendingAnswer place, RequestContext context)
    {
        try
        {
            Complete(place, await answer, context);
        }
        catch (Exception e)
        {
            Fail(place, context, e);
        }
    }

    /// <summary>
    /// A handler threw: a bug, the disk, or a request that cannot be read further in. The client sees its connection close and will ask again.
    /// </summary>
    private void Fail(PendingAnswer place, RequestContext context, Exception e)
    {
        // Before the next answer is written.
        var isFatal = _around.Faults.Report(e);
        context.Turn?.GiveBack();
        _responses.Complete(place, null, closeConnection: true, context.Held);
        if (isFatal) return;
        if (e is WireFormatException unreadable) Log(() => _opener.LogUnreadable(unreadable));
        else if (e is not OperationCanceledException)
            Log(() => ConnectionLogMessages.HandlerFailed(_around.Logger, e, context.Key, context.ApiVersion, context.ClientId));
    }

    private void OnResponsesClosed(Exception? failure)
    {
        _pause?.End();
        _memory?.End();
        _turn?.EndWait();
        _connection.Transport.Input.CancelPendingRead();
        if (failure is not null && _around.Faults.Report(failure)) return;
        if (failure is AnswerTooLargeException large)
        {
            var level = _opener.LevelOf("answer");
            Log(() => ConnectionLogMessages.AnswerTooLarge(
                _around.Logger, level, _info.ConnectionId, _info.RemoteAddress, large.Key, large.Bytes, AnswerRoom.MaxBytes));
        }
        else if (failure is not null)
        {
            Log(() => ConnectionLogMessages.AnswerFailed(_around.Logger, failure, _info.ConnectionId));
        }
    }

    private void OnAnswerFault(Exception fault)
    {
        if (!_around.Faults.Report(fault)) Log(() => ConnectionLogMessages.AnswerNotCounted(_around.Logger, fault, _info.ConnectionId));
    }

    /// <summary>Says something where the work of others must go on whatever becomes of the line.</summary>
    private static void Log(Action say)
    {
        try
        {
            say();
        }
        catch (Exception)
        {
            // The log itself has failed: there is nowhere left to say it.
        }
    }

    private static ApiVersionsResponse ApiVersionsRefusal(ServedApi apiVersions) => new()
    {
        ErrorCode = ErrorCode.UnsupportedVersion,
        ApiKeys = [new() { ApiKey = (short)apiVersions.Key, MinVersion = apiVersions.MinVersion, MaxVersion = apiVersions.MaxVersion }],
    };
}
