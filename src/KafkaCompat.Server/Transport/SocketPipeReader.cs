using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using KafkaCompat.Broker.Connections;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Server.Transport;

/// <summary>
/// A <see cref="PipeReader"/> that receives from its socket when it is asked for data, into the blocks that it then shows: no
/// copy, no second pipe, and the reader continues on the thread that the socket completes on.
/// <para>
/// Memory follows use. A connection that waits for its next request does so with a small block, or with a standard block when its last
/// receive filled a small one; the transport's sweep takes the larger block back from a connection that stays quiet. A reader that knows how much it
/// needs says so with <c>ReadAtLeastAsync</c>, and a block of that size (up to 1 MiB) takes the rest of the frame.
/// </para>
/// </summary>
internal sealed class SocketPipeReader : PipeReader, IValueTaskSource<ReadResult>
{
    /// <summary>Receives in a row that found data waiting, after which other connections of the same socket thread get their turn.</summary>
    private const int SynchronousReceivesAtMost = 32;

    private readonly Socket _socket;
    private readonly BlockPool _pool;
    private readonly Lock _gate = new();
    private readonly Action _onReceived;
    private readonly Action<Exception?> _onClosed;
    private ManualResetValueTaskSourceCore<ReadResult> _source;

    private Block? _head;
    private Block? _tail;
    private int _headIndex;
    private long _unread;
    private long _examined;

    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _receive;
    private CancellationTokenSource? _quiet;
    private CancellationTokenRegistration _readCancellation;
    private int _synchronousReceives;
    private int _minimum;
    private bool _receiving;
    private bool _readPending;
    private bool _cancelRequested;
    private bool _busy;
    private bool _ended;
    private bool _completed;
    private Exception? _error;
    private volatile bool _waitsWithLargeBlock;
    private bool _quietSinceSweep;

    public SocketPipeReader(Socket socket, BlockPool pool, Action<Exception?> onClosed)
    {
        _socket = socket;
        _pool = pool;
        _onClosed = onClosed;
        _onReceived = OnReceived;
    }

    /// <summary>Told of each receive; null where nobody asked.</summary>
    public ConnectionActivity? Activity { get; set; }

    private enum Step
    {
        Done,
        Pending,
        Yield,
    }

    public override bool TryRead(out ReadResult result)
    {
        lock (_gate)
        {
            ThrowIfUnusable();
            if (_cancelRequested || _unread > _examined || _ended)
            {
                result = TakeResult();
                return true;
            }

            result = default;
            return false;
        }
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => Read(1, cancellationToken);

    protected override ValueTask<ReadResult> ReadAtLeastAsyncCore(int minimumSize, CancellationToken cancellationToken) =>
        Read(minimumSize, cancellationToken);

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (_gate)
        {
            if (_head is null)
            {
                return;
            }

            // An empty result has no block, and a cancelled read may leave a receive under way in the block that the next read shows.
            if (consumed.GetObject() is not Block consumedBlock)
            {
                return;
            }

            var examinedBlock = (Block)examined.GetObject()!;
            var consumedAt = consumedBlock.RunningIndex + consumed.GetInteger();
            var examinedAt = examinedBlock.RunningIndex + examined.GetInteger();
            var headAt = _head.RunningIndex + _headIndex;
            if (consumedAt < headAt || examinedAt < consumedAt || consumedAt > headAt + _unread)
            {
                throw new ArgumentOutOfRangeException(nameof(consumed));
            }

            _unread -= consumedAt - headAt;
            _examined = examinedAt - consumedAt;
            while (!ReferenceEquals(_head, consumedBlock))
            {
                var next = _head!.NextBlock!;
                _pool.Return(_head);
                _head = next;
            }

            _headIndex = consumed.GetInteger();
            if (_unread == 0 && !_receiving)
            {
                // Nothing is kept between requests but what the next receive decides to wait with.
                ReleaseBlocks();
            }
        }
    }

    public override void CancelPendingRead()
    {
        lock (_gate)
        {
            _cancelRequested = true;
            if (!_readPending)
            {
                return;
            }

            _readPending = false;
        }

        Complete();
    }

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            if (_completed)
            {
                return;
            }

            _completed = true;
            if (!_receiving)
            {
                ReleaseBlocks();
            }
        }
    }

    /// <summary>Takes a large block back from a connection that waits with it for the second sweep in a row.</summary>
    public void Sweep()
    {
        CancellationTokenSource? quiet = null;
        lock (_gate)
        {
            if (!_waitsWithLargeBlock)
            {
                return;
            }

            if (_quietSinceSweep)
            {
                quiet = _quiet;
                _quiet = null;
                _busy = false;
            }

            _quietSinceSweep = true;
        }

        quiet?.Cancel();
        quiet?.Dispose();
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _source.GetResult(token);
        _readCancellation.Dispose();
        lock (_gate)
        {
            return TakeResult();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private ValueTask<ReadResult> Read(int minimum, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Step step;
        short version;
        lock (_gate)
        {
            ThrowIfUnusable();
            if (_readPending)
            {
                throw new InvalidOperationException("A read of this connection is already pending.");
            }

            _minimum = minimum;
            if (Satisfied)
            {
                return new ValueTask<ReadResult>(TakeResult());
            }

            step = _receiving ? Step.Pending : ReceiveUntilSatisfied();
            if (step == Step.Done)
            {
                return new ValueTask<ReadResult>(TakeResult());
            }

            _source.Reset();
            version = _source.Version;
            _readPending = true;
            if (cancellationToken.CanBeCanceled)
            {
                // Under the gate, so that the read cannot complete before its registration is known.
                _readCancellation = cancellationToken.UnsafeRegister(static state => ((SocketPipeReader)state!).CancelPendingRead(), this);
            }
        }

        if (step == Step.Yield)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static reader => reader.CompleteYielded(), this, preferLocal: false);
        }

        return new ValueTask<ReadResult>(this, version);
    }

    private bool Satisfied => _cancelRequested || _ended || (_unread > _examined && _unread >= _minimum);

    private ReadResult TakeResult()
    {
        var cancelled = _cancelRequested;
        _cancelRequested = false;
        if (_error is not null && _unread <= _examined && !cancelled)
        {
            throw new ConnectionResetException(_error.Message, _error);
        }

        var buffer = _unread == 0
            ? ReadOnlySequence<byte>.Empty
            : new ReadOnlySequence<byte>(_head!, _headIndex, _tail!, _tail!.End);
        return new ReadResult(buffer, cancelled, _ended);
    }

    /// <summary>Receives while the socket has data at hand and the reader wants more. The gate is held.</summary>
    private Step ReceiveUntilSatisfied()
    {
        while (true)
        {
            PrepareTail();
            var cancellation = CancellationToken.None;
            _waitsWithLargeBlock = _unread == 0 && _tail!.Capacity > BlockPool.SmallSize;
            if (_waitsWithLargeBlock)
            {
                _quietSinceSweep = false;
                cancellation = (_quiet ??= new CancellationTokenSource()).Token;
            }

            try
            {
#pragma warning disable CA2012 // The awaiter is used once, here or in OnReceived; a field of the awaiter saves a state machine a receive.
                _receive = _socket.ReceiveAsync(_tail!.Free, SocketFlags.None, cancellation).ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
            }
            catch (ObjectDisposedException e)
            {
                End(e);
                return Step.Done;
            }

            if (!_receive.IsCompleted)
            {
                _synchronousReceives = 0;
                _receiving = true;
                _receive.UnsafeOnCompleted(_onReceived);
                return Step.Pending;
            }

            TakeReceived();
            if (Satisfied)
            {
                if (++_synchronousReceives < SynchronousReceivesAtMost)
                {
                    return Step.Done;
                }

                _synchronousReceives = 0;
                return Step.Yield;
            }
        }
    }

    private void CompleteYielded()
    {
        lock (_gate)
        {
            if (!_readPending)
            {
                return;
            }

            _readPending = false;
        }

        Complete();
    }

    private void OnReceived()
    {
        lock (_gate)
        {
            _receiving = false;
            _waitsWithLargeBlock = false;
            TakeReceived();
            if (_completed)
            {
                ReleaseBlocks();
                return;
            }

            if (!Satisfied && ReceiveUntilSatisfied() == Step.Pending)
            {
                return;
            }

            if (!_readPending)
            {
                return;
            }

            _readPending = false;
        }

        Complete();
    }

    /// <summary>Wakes the reader; it takes the result in GetResult, on this thread.</summary>
    private void Complete() => _source.SetResult(default);

    private void TakeReceived()
    {
        int received;
        try
        {
            received = _receive.GetResult();
        }
        catch (OperationCanceledException)
        {
            // The sweep took the large block back; the caller receives again with a small one.
            ReleaseBlocks();
            return;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            End(e);
            return;
        }

        if (received == 0)
        {
            End(null);
            return;
        }

        Activity?.NoteReceived();
        Debug.Assert(_tail is not null, "A receive always has a block.");
        _tail.End += received;
        _unread += received;
        _busy = _tail.End == _tail.Capacity || (_busy && received > BlockPool.SmallSize / 4);
    }

    private void End(Exception? error)
    {
        _ended = true;
        _error = error;
        if (_unread == 0)
        {
            ReleaseBlocks();
        }

        _onClosed(error);
    }

    /// <summary>Sees to a tail block with room: as large as the reader's frame needs, else as large as the connection's habit asks.</summary>
    private void PrepareTail()
    {
        var missing = _minimum - _unread;
        if (missing > BlockPool.StandardSize && _pool.RentedBytes >= BlockPool.MaxClaimedBytes)
        {
            missing = BlockPool.StandardSize;
        }

        if (_tail is null)
        {
            var size = missing > BlockPool.StandardSize ? (int)Math.Min(missing, BlockPool.LargestSize)
                : _busy || missing > BlockPool.SmallSize ? BlockPool.StandardSize : BlockPool.SmallSize;
            _head = _tail = _pool.Rent(size);
            _headIndex = 0;
            return;
        }

        if (_tail.End < _tail.Capacity)
        {
            return;
        }

        var next = _pool.Rent((int)Math.Clamp(missing, BlockPool.StandardSize, BlockPool.LargestSize));
        _tail.Append(next);
        _tail = next;
    }

    private void ReleaseBlocks()
    {
        _pool.ReturnChain(_head);
        _head = _tail = null;
        _headIndex = 0;
        _unread = 0;
        _examined = 0;
    }

    private void ThrowIfUnusable()
    {
        if (_completed)
        {
            throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
        }
    }
}
