using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Server.Transport;

/// <summary>
/// A <see cref="PipeWriter"/> that sends what was written from the blocks it was written to. <see cref="FlushAsync"/> completes when the
/// socket took everything, so a slow reader holds its own answers back and nobody else's; one flush is under way at a time.
/// Regions of files stand between the blocks and leave by sendfile.
/// </summary>
internal sealed class SocketPipeWriter : PipeWriter, IRegionSink
{
    /// <summary>
    /// What is sent at a time while the socket of a slow remote end takes nothing: its completion says that there is room again, which the runtime has no other
    /// call for. No more, because the runtime says nothing before the last byte of it is taken, and a remote end that reads slowly would seem to read nothing.
    /// </summary>
    private const int MaxWaitingBytes = 32 * 1024;

    /// <summary>
    /// A remote end that takes a block of a file within this is offered whole blocks: each further piece costs a wake-up, which is a seventh of the work of
    /// large fetches.
    /// </summary>
    private static readonly TimeSpan SlowAfter = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly BlockPool _pool;
    private readonly Action<Exception?> _onClosed;
    private bool _remoteIsSlow;
    private Block? _head;
    private Block? _tail;
    private long _unsent;
    private bool _flushing;
    private bool _completed;
    private bool _failed;
    private volatile bool _cancelRequested;

    public SocketPipeWriter(Socket socket, BlockPool pool, Action<Exception?> onClosed)
    {
        _socket = socket;
        _pool = pool;
        _onClosed = onClosed;
    }

    /// <summary>Told of each send; null where nobody asked.</summary>
    public ConnectionActivity? Activity { get; set; }

    public override bool CanGetUnflushedBytes => true;

    /// <summary>Bytes in memory. Those of files are not, and take none.</summary>
    public override long UnflushedBytes => _unsent;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _tail!.Free;
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _tail!.Free.Span;
    }

    public override void Advance(int bytes)
    {
        if (_tail is null || (uint)bytes > (uint)(_tail.Capacity - _tail.End))
        {
            throw new ArgumentOutOfRangeException(nameof(bytes));
        }

        _tail.End += bytes;
        _unsent += bytes;
    }

    public void Accept(IRecordRegion region)
    {
        if (!SendFile.IsSupported || region.Length < SendFile.WorthwhileFrom || region is not FileRegion { Handle: { } handle } file)
        {
            region.CopyTo(this);
            return;
        }

        EnsureRoom(1);
        _tail!.Region = new PendingRegion(handle, file.Position, file.Length, file.Health);
    }

    public override void CancelPendingFlush() => _cancelRequested = true;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_flushing)
        {
            throw new InvalidOperationException("A flush of this connection is already pending.");
        }

        if (_failed || _head is null)
        {
            return new ValueTask<FlushResult>(TakeFlushResult());
        }

        if (ReferenceEquals(_head, _tail) && _head.Region is null)
        {
            // One block is the usual case, and the socket usually takes it at once.
            var sent = TrySend(_head.Buffer.Span[.._head.End], out var error);
            if (sent < _head.End || error is not null)
            {
                return SendRest(sent, error, cancellationToken);
            }

            ReleaseBlocks();
            return new ValueTask<FlushResult>(TakeFlushResult());
        }

        return SendRest(sent: 0, failure: null, cancellationToken);
    }

    public override void Complete(Exception? exception = null)
    {
        if (_completed)
        {
            return;
        }

        _completed = true;
        if (_flushing)
        {
            return;
        }

        ReleaseBlocks();
        try
        {
            // The end of the stream: the remote end reads all that was sent, and then that there is no more.
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The remote end has gone first.
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> SendRest(int sent, SocketException? failure, CancellationToken cancellationToken)
    {
        _flushing = true;
        try
        {
            if (failure is not null)
            {
                throw failure;
            }

            while (_head is { } block)
            {
                while (sent < block.End)
                {
                    sent += await Send(block.Buffer[sent..block.End], cancellationToken).ConfigureAwait(false);
                }

                sent = 0;
                if (block.Region is { } region)
                {
                    await SendRegion(region, cancellationToken).ConfigureAwait(false);
                }

                _head = block.NextBlock;
                _pool.Return(block);
            }
        }
        catch (EndOfStreamException e)
        {
            // No failure of the remote end or of a disk, which are reported elsewhere: the log has lost what an answer had promised, and who flushes logs it.
            _failed = true;
            _onClosed(e);
            throw;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            _failed = true;
            _onClosed(e);
        }
        finally
        {
            _flushing = false;
            ReleaseBlocks();
        }

        return TakeFlushResult();
    }

    /// <summary>
    /// Sends a region. When the socket's buffer is full, one block's worth is read and sent the ordinary way.
    /// </summary>
    private async ValueTask SendRegion(PendingRegion region, CancellationToken cancellationToken)
    {
        while (region.Left > 0)
        {
            var outcome = SendFile.Try(_socket, region.Handle, region.Position, region.Left, out var sent);
            if (outcome == SendFile.Outcome.EndOfFile)
            {
                throw new EndOfStreamException("A file ends before the region that is being sent.");
            }

            if (outcome != SendFile.Outcome.Sent)
            {
                // A disk that failed is asked once more, in the ordinary way, whose failure names the file.
                sent = await SendCopy(region, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                Activity?.NoteSent();
            }

            region.Advance(sent);
        }
    }

    private async ValueTask<int> SendCopy(PendingRegion region, CancellationToken cancellationToken)
    {
        var block = _pool.Rent(BlockPool.StandardSize);
        try
        {
            var read = ReadFile(region, block.Buffer.Span[..Math.Min(block.Capacity, region.Left)]);
            if (read == 0)
            {
                throw new EndOfStreamException("A file ends before the region that is being sent.");
            }

            for (var sent = 0; sent < read;)
            {
                var end = _remoteIsSlow ? Math.Min(read, sent + MaxWaitingBytes) : read;
                var offered = Activity?.Now ?? 0;
                sent += await _socket.SendAsync(block.Buffer[sent..end], SocketFlags.None, cancellationToken).ConfigureAwait(false);
                _remoteIsSlow = Activity?.NoteSent(offered) > SlowAfter;
            }

            return read;
        }
        finally
        {
            _pool.Return(block);
        }
    }

    /// <summary>Sends some of the bytes, at least one.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> Send(Memory<byte> bytes, CancellationToken cancellationToken)
    {
        var sent = TrySend(bytes.Span, out var error);
        if (error is not null)
        {
            throw error;
        }

        if (sent == 0)
        {
            sent = await _socket.SendAsync(bytes[..Math.Min(bytes.Length, MaxWaitingBytes)], SocketFlags.None, cancellationToken).ConfigureAwait(false);
            Activity?.NoteSent();
        }

        return sent;
    }

    /// <summary>Sends what the socket takes now. The socket must be non-blocking.</summary>
    private int TrySend(ReadOnlySpan<byte> bytes, out SocketException? error)
    {
        var sent = _socket.Send(bytes, SocketFlags.None, out var code);
        error = code is SocketError.Success or SocketError.WouldBlock ? null : new SocketException((int)code);
        if (sent > 0)
        {
            Activity?.NoteSent();
        }

        return sent;
    }

    private static int ReadFile(PendingRegion region, Span<byte> into)
    {
        try
        {
            return RandomAccess.Read(region.Handle, into, region.Position);
        }
        catch (IOException e)
        {
            region.Health?.Fail(e);
            throw;
        }
    }

    private FlushResult TakeFlushResult()
    {
        var cancelled = _cancelRequested;
        _cancelRequested = false;
        return new FlushResult(cancelled, _failed || _completed);
    }

    private void EnsureRoom(int sizeHint)
    {
        if (_completed)
        {
            throw new InvalidOperationException("Writing is not allowed after the writer was completed.");
        }

        if (_flushing)
        {
            throw new InvalidOperationException("Writing is not allowed while a flush is pending.");
        }

        var needed = Math.Max(sizeHint, 1);
        if (_tail is null)
        {
            _head = _tail = _pool.Rent(needed);
            return;
        }

        if (_tail.Region is null && _tail.Capacity - _tail.End >= needed)
        {
            return;
        }

        var next = _pool.Rent(Math.Max(needed, _tail.Region is null ? BlockPool.StandardSize : BlockPool.SmallSize));
        _tail.Append(next);
        _tail = next;
    }

    private void ReleaseBlocks()
    {
        _pool.ReturnChain(_head);
        _head = _tail = null;
        _unsent = 0;
    }
}
