using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Broker.Time;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// One client connection: cuts frames, decodes requests, starts handlers one after another, and hands their answers to the
/// <see cref="ResponseQueue"/>, which says when the next may be started. While a request waits, the connection is read up to <see cref="MaxReadAheadBytes"/> further, so that
/// the end of its peer is seen.
/// </summary>
/// <remarks>
/// A request sees what those before it did, and nothing of those behind it, as Kafka promises: the next is started when this one is answered and the peer has taken the
/// answer. The one exception is a Produce behind others that wait for their acknowledgement; nobody can see it.
/// <para/>
/// Where Kafka closes the connection instead of answering, so does this: a frame of bad length, a header or body that
/// cannot be read, an API key that is not served here, a version out of range (ApiVersions alone is answered then).
/// Answers to earlier requests go out first, as they do with Kafka.
/// </remarks>
public sealed class KafkaConnection
{
    /// <summary>Bytes of an incomplete frame that may arrive before this looks again.</summary>
    private const int MaxBytesUnseen = 1024 * 1024;

    /// <summary>Bytes of requests that may lie here, unlooked at, while one before them waits. Past it the connection is not read.</summary>
    private const int MaxReadAheadBytes = 64 * 1024;

    /// <summary>Bytes of a frame that tell its length and its API key.</summary>
    private const int BytesToKey = sizeof(int) + sizeof(short);

    private readonly ConnectionContext _connection;
    private readonly DispatchTable _dispatch;
    private readonly ConnectionLimits _limits;
    private readonly ClientQuotas _quotas;
    private readonly TimeProvider _time;
    private readonly TimerWheel _wheel;
    private readonly ILogger _logger;
    private readonly ConnectionInfo _info;
    private readonly RequestMetrics? _metrics;
    private readonly RequestLog? _requests;
    private readonly RequestMemory.Claim? _memory;
    private readonly ResponseQueue _responses;
    private readonly ConnectionActivity _activity;
    private readonly bool _isMeasured;
    private readonly AnswerMemory.Claim? _answerMemory;
    private ReadPause? _pause;
    private int _bytesNeeded = sizeof(int);
    private volatile bool _isDraining;
    private volatile bool _isClosing;

    /// <summary>Whether somebody will end the pending read when the next request may be started.</summary>
    private volatile bool _isToBeWoken;

    /// <summary>Whether the request that has to wait is a Produce.</summary>
    private bool _blockedIsProduce;

    /// <summary>A request that uses its bytes beyond its handler's start; nothing further is read of this connection before it has done with them.</summary>
    private (PendingAnswer Place, RequestContext Context)? _usesBytes;

    public KafkaConnection(
        ConnectionContext connection, string listenerName, DispatchTable dispatch, ConnectionLimits limits, ClientQuotas quotas, TimerWheel wheel, TimeProvider time,
        ILogger logger, RequestMetrics? metrics = null, RequestLog? requests = null)
    {
        _connection = connection;
        _dispatch = dispatch;
        _limits = limits;
        _quotas = quotas;
        _wheel = wheel;
        _time = time;
        _logger = logger;
        _activity = new ConnectionActivity(time);
        if (connection is IMeasuredTransport transport)
        {
            transport.Note(_activity);
            _isMeasured = true;
        }
        var remote = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.Loopback;
        _info = new ConnectionInfo(connection.ConnectionId, listenerName, remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote, connection.ConnectionClosed)
        {
            RemotePort = (connection.RemoteEndPoint as IPEndPoint)?.Port ?? 0,
        };
        _metrics = metrics;
        _requests = requests;
        _memory = limits.Memory is { } memory ? new RequestMemory.Claim(memory) : null;
        _answerMemory = limits.Answers is { } answers ? new AnswerMemory.Claim(answers, this) : null;
        _responses = new ResponseQueue(connection.Transport.Output, OnResponsesClosed, metrics, _answerMemory);
    }

    private enum Frame
    {
        Incomplete,
        Complete,
        Refused,

        /// <summary>The client is throttled; whatever lies there is not looked at before that is over.</summary>
        Paused,

        /// <summary>Requests of all connections together take as much memory as they may; the frame is not received before there is some.</summary>
        Starved,

        /// <summary>A request before it is not answered, or its answer not taken by the peer.</summary>
        Blocked,

        /// <summary>Answers of all connections that their peers do not read take as much memory as they may; the request is not started before there is some.</summary>
        Crowded,
    }

    /// <summary>The listener that accepted it.</summary>
    public string ListenerName => _info.ListenerName;

    /// <summary>When bytes went over it last, in either direction, as a timestamp of the node's clock.</summary>
    public long LastActivity => _activity.Last;

    /// <summary>When its peer took bytes last.</summary>
    internal long LastSent => _activity.LastSent;

    /// <summary>Whether <see cref="Close"/> was called; it ends soon.</summary>
    public bool IsClosing => _isClosing;

    /// <summary>Ends the connection for the sake of others; what is unanswered stays so.</summary>
    public void Close()
    {
        _isClosing = true;
        _responses.Close();
    }

    /// <summary>Ends the connection because its peer does not read, and others wait for the memory that its answer takes.</summary>
    internal void CloseStalled(long unreadBytes, long ofAllBytes)
    {
        if (_isClosing) return;
        ConnectionLog.StalledClosed(_logger, _info.ConnectionId, _info.RemoteAddress, AnswerMemory.StalledAfterMs, unreadBytes, ofAllBytes);
        Close();
    }

    /// <summary>
    /// Ends the connection in order: no further request is read, what was begun is answered, then this half is closed and the peer is waited for, so
    /// that it reads every answer and after them the end of the stream.
    /// </summary>
    public void Drain()
    {
        _isDraining = true;
        _pause?.End();
        _memory?.End();
        _answerMemory?.End();
        _connection.Transport.Input.CancelPendingRead();
    }

    /// <summary>Serves the connection until the peer, an error or the idle deadline ends it. Does not throw for a peer's doings.</summary>
    public async Task RunAsync()
    {
        var idle = new IdleDeadline(this);
        if (_limits.MaxIdleMs >= 0) _wheel.Schedule(idle, _limits.MaxIdleMs);
        try
        {
            await ReadRequests();
        }
        catch (Exception e) when (e is IOException or ConnectionAbortedException or ConnectionResetException or OperationCanceledException or System.Net.Sockets.SocketException)
        {
            // The peer went away. Nothing of ours depends on it.
        }
        finally
        {
            idle.Stop();
            _wheel.Cancel(idle);
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
            var result = await input.ReadAtLeastAsync(_bytesNeeded);
            if (_responses.IsClosed) return;
            if (_isDraining)
            {
                input.AdvanceTo(result.Buffer.Start);
                await EndInOrder();
                return;
            }
            if (!_isMeasured && !result.IsCanceled) _activity.NoteReceived();
            var buffer = result.Buffer;
            _responses.Cork();
            var frame = StartRequests(ref buffer);
            _responses.Uncork();
            if (_usesBytes is { } inUse)
            {
                _usesBytes = null;
                // Whether it failed is told to whoever awaits the answer.
                _ = await Task.WhenAny(inUse.Context.BytesInUse!);
                if (inUse.Context.IsOnlyAcknowledged) _responses.LetOverlap(inUse.Place);
            }
            // Past this line the bytes of the requests just started belong to the transport again.
            var readsOn = frame == Frame.Incomplete || (frame == Frame.Blocked && !result.IsCompleted && buffer.Length < MaxReadAheadBytes);
            if (readsOn) input.AdvanceTo(buffer.Start, buffer.End);
            else input.AdvanceTo(buffer.Start);
            _memory?.Release();
            switch (frame)
            {
                case Frame.Refused:
                case Frame.Incomplete when result.IsCompleted:
                    // The peer may have closed its half only; what it asked before is still answered.
                    await _responses.WhenEmpty();
                    return;
                case Frame.Blocked when readsOn:
                    WakeWhenMayStart();
                    break;
                case Frame.Blocked:
                    await _responses.WhenMayStart(_blockedIsProduce);
                    break;
                case Frame.Paused:
                    await _pause!.WhenOver();
                    break;
                case Frame.Starved:
                    await _memory!.WhenGranted();
                    break;
                case Frame.Crowded:
                    await _answerMemory!.WhenRoom();
                    break;
            }
        }
    }

    /// <summary>Ends the read that is about to begin when the next request may be started: it lies here already, whether or not more comes.</summary>
    private void WakeWhenMayStart()
    {
        _bytesNeeded = 1;
        if (_isToBeWoken) return;
        _isToBeWoken = true;
        WakeAfter(_responses.WhenMayStart(_blockedIsProduce));
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
        // A socket that is closed over unread bytes resets the connection, and with it goes what the peer has not read yet.
        while (true)
        {
            var result = await input.ReadAsync();
            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) return;
        }
    }

    /// <summary>
    /// Starts the requests that lie complete in <paramref name="buffer"/>. <see cref="Frame.Complete"/> means that more
    /// may follow once there is room for another answer.
    /// </summary>
    private Frame StartRequests(ref ReadOnlySequence<byte> buffer)
    {
        while (true)
        {
            if (_pause is { IsOn: true })
            {
                _bytesNeeded = sizeof(int);
                return Frame.Paused;
            }
            var frame = CutFrame(ref buffer, out var body);
            if (frame != Frame.Complete) return frame;
            if (!StartRequest(body)) return Frame.Refused;
            if (_usesBytes is not null) return Frame.Complete;
        }
    }

    private Frame CutFrame(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> frame)
    {
        frame = default;
        _bytesNeeded = sizeof(int);
        if (buffer.Length < sizeof(int)) return Frame.Incomplete;
        var key = (ApiKey)(buffer.Length >= BytesToKey ? ReadInt16(buffer.Slice(sizeof(int), sizeof(short))) : -1);
        if (!_responses.MayStart(key == ApiKey.Produce))
        {
            _blockedIsProduce = key == ApiKey.Produce;
            return Frame.Blocked;
        }
        var length = ReadInt32(buffer);
        if (length < 0 || length > _limits.MaxRequestBytes)
        {
            var foreign = ForeignProtocol.Of(length);
            var level = LevelOf(foreign?.Name ?? "length");
            if (foreign is var (name, advice)) ConnectionLog.ForeignProtocol(_logger, level, _info.ConnectionId, _info.RemoteAddress, name, _info.ListenerName, advice);
            else ConnectionLog.FrameRefused(_logger, level, _info.ConnectionId, _info.RemoteAddress, length, _limits.MaxRequestBytes);
            return Frame.Refused;
        }
        if (_memory?.Take(length) == false) return Frame.Starved;
        if (buffer.Length - sizeof(int) < length)
        {
            // A frame of any size is seen to arrive, for the sake of the idle deadline.
            _bytesNeeded = (int)Math.Min(sizeof(int) + (long)length, buffer.Length + MaxBytesUnseen);
            return Frame.Incomplete;
        }
        if (_answerMemory is { MustWait: true } && !AnswerMemory.IsBoundedByRequest(key)) return Frame.Crowded;
        frame = buffer.Slice(sizeof(int), length);
        buffer = buffer.Slice(frame.End);
        _memory?.FrameCut();
        return Frame.Complete;
    }

    /// <summary>Decodes one request and starts its handler. False when the connection has to be closed.</summary>
    private bool StartRequest(in ReadOnlySequence<byte> frame)
    {
        // It began when its bytes came, or when the request before it was done with.
        var startedTicks = Math.Max(_activity.LastReceived, _responses.LastWrittenTicks);
        var bytes = sizeof(int) + (int)frame.Length;
        try
        {
            var reader = new WireReader(frame, shared: _limits.Decoding);
            var key = reader.ReadInt16();
            var version = reader.ReadInt16();
            var served = _dispatch.Find(key);
            if (served is null)
            {
                var level = LevelOf("key");
                ConnectionLog.KeyNotServed(_logger, level, _info.ConnectionId, _info.RemoteAddress, key, version, _info.ListenerName);
                return false;
            }
            var inRange = version >= served.MinVersion && version <= served.MaxVersion;
            if (!inRange && served.Key != ApiKey.ApiVersions)
            {
                var level = LevelOf("version");
                ConnectionLog.VersionNotServed(_logger, level, _info.ConnectionId, _info.RemoteAddress, served.Key, version);
                return false;
            }
            var correlationId = reader.ReadInt32();
            // Any negative length is null here, as with Kafka.
            var clientId = reader.ReadNullableString(flexible: false);
            if (served.Info.RequestHeaderVersion(version) >= 2) SkipTaggedFields(ref reader);
            if (!inRange)
            {
                _responses.Complete(_responses.Begin(correlationId, 0, 0, served.Key, bytes, startedTicks), ApiVersionsRefusal(served));
                return true;
            }
            var context = new RequestContext(served.Key, version, correlationId, clientId, _info)
            {
                Meter = _quotas.IsActive ? _quotas.Measure((int)frame.Length) : null,
                Log = _requests is { IsOn: true } log ? log : null,
            };
            var place = _responses.Begin(correlationId, served.Info.ResponseHeaderVersion(version), version, served.Key, bytes, startedTicks);
            if (context.Log is not null) place.Context = context;
            return Start(served, ref reader, context, place);
        }
        catch (WireFormatException e)
        {
            var level = LevelOf("request");
            ConnectionLog.RequestUnreadable(_logger, level, _info.ConnectionId, _info.RemoteAddress, e.Message);
            return false;
        }
    }

    private bool Start(ServedApi served, ref WireReader body, RequestContext context, PendingAnswer place)
    {
        ValueTask<IResponse?> answer;
        try
        {
            answer = served.Start(ref body, context);
        }
        catch (WireFormatException e)
        {
            _limits.Decoding.Return(body.SharedBytes);
            var level = LevelOf("request");
            ConnectionLog.RequestUnreadable(_logger, level, _info.ConnectionId, _info.RemoteAddress, e.Message);
            _responses.Complete(place, null, closeConnection: true);
            return false;
        }
        catch (Exception e)
        {
            _limits.Decoding.Return(body.SharedBytes);
            Fail(place, context, e);
            return false;
        }
        if (context.Meter is { } meter) _quotas.Returned(meter);
        if (answer.IsCompletedSuccessfully)
        {
            _limits.Decoding.Return(body.SharedBytes);
            Complete(place, answer.GetAwaiter().GetResult(), context);
        }
        else
        {
            if (context.BytesInUse is { IsCompleted: false }) _usesBytes = (place, context);
            else if (context.IsOnlyAcknowledged) _responses.LetOverlap(place);
            // What comes of it later asks for its own turn.
            _answerMemory?.EndTurn();
            if (_metrics is not null) place.HandledTicks = _metrics.Now;
            CompleteLater(answer, place, context, body.SharedBytes);
        }
        return !context.CloseRequested;
    }

    private void Complete(PendingAnswer place, IResponse? response, RequestContext context)
    {
        if (context.Meter is { } meter && _quotas.Throttle(context, meter, response) is > 0 and var throttleMs)
        {
            Pause(throttleMs);
            _metrics?.RecordThrottle(context.Key, throttleMs);
        }
        _responses.Complete(place, response, context.CloseRequested, context.Held);
    }

    /// <summary>Reads nothing more for a while. What has been read and started before goes on: as with Kafka the throttle is for what comes next.</summary>
    private void Pause(int ms)
    {
        var pause = _pause;
        if (pause is null)
        {
            var made = new ReadPause(_wheel, _time);
            pause = Interlocked.CompareExchange(ref _pause, made, null) ?? made;
        }
        pause.Extend(ms);
        if (_isDraining || _responses.IsClosed) pause.End();
    }

    private async void CompleteLater(ValueTask<IResponse?> answer, PendingAnswer place, RequestContext context, long sharedBytes)
    {
        try
        {
            Complete(place, await answer, context);
        }
        catch (Exception e)
        {
            Fail(place, context, e);
        }
        finally
        {
            _limits.Decoding.Return(sharedBytes);
        }
    }

    /// <summary>A handler threw: a bug, or the disk. The peer sees its connection close and will ask again.</summary>
    private void Fail(PendingAnswer place, RequestContext context, Exception e)
    {
        if (e is not OperationCanceledException) ConnectionLog.HandlerFailed(_logger, e, context.Key, context.ApiVersion, context.ClientId);
        _responses.Complete(place, null, closeConnection: true, context.Held);
    }

    private LogLevel LevelOf(string fault) => _limits.Faults?.LevelOf(_info.RemoteAddress, fault) ?? LogLevel.Warning;

    private void OnResponsesClosed(Exception? failure)
    {
        if (failure is not null) ConnectionLog.AnswerFailed(_logger, failure, _info.ConnectionId);
        _pause?.End();
        _memory?.End();
        _connection.Transport.Input.CancelPendingRead();
    }

    private static ApiVersionsResponse ApiVersionsRefusal(ServedApi apiVersions) => new()
    {
        ErrorCode = ErrorCode.UnsupportedVersion,
        ApiKeys = [new() { ApiKey = (short)apiVersions.Key, MinVersion = apiVersions.MinVersion, MaxVersion = apiVersions.MaxVersion }],
    };

    private static void SkipTaggedFields(ref WireReader reader)
    {
        for (var count = reader.ReadTagCount(); count > 0; count--)
        {
            _ = reader.ReadTag(out var size);
            reader.Skip(size);
        }
    }

    private static short ReadInt16(in ReadOnlySequence<byte> buffer)
    {
        var first = buffer.FirstSpan;
        if (first.Length >= sizeof(short)) return BinaryPrimitives.ReadInt16BigEndian(first);
        Span<byte> bytes = stackalloc byte[sizeof(short)];
        buffer.CopyTo(bytes);
        return BinaryPrimitives.ReadInt16BigEndian(bytes);
    }

    private static int ReadInt32(in ReadOnlySequence<byte> buffer)
    {
        var first = buffer.FirstSpan;
        if (first.Length >= sizeof(int)) return BinaryPrimitives.ReadInt32BigEndian(first);
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        buffer.Slice(0, sizeof(int)).CopyTo(bytes);
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }

    /// <summary>Closes the connection when no bytes went over it for <see cref="ConnectionLimits.MaxIdleMs"/>; looks again after what is left of it.</summary>
    private sealed class IdleDeadline(KafkaConnection owner) : TimerWheelEntry
    {
        private volatile bool _stopped;

        public void Stop() => _stopped = true;

        protected internal override void OnDeadline()
        {
            if (_stopped) return;
            var idleMs = (long)owner._time.GetElapsedTime(owner.LastActivity).TotalMilliseconds;
            if (idleMs < owner._limits.MaxIdleMs)
            {
                owner._wheel.Schedule(this, owner._limits.MaxIdleMs - idleMs);
                return;
            }
            ConnectionLog.IdleClosed(owner._logger, owner._info.ConnectionId, owner._info.RemoteAddress, idleMs);
            owner._responses.Close();
        }
    }
}
