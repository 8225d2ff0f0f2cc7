namespace KafkaCompat.Broker.Connections;

/// <summary>
/// What requests of all connections may take together while they are received and until their bytes are done with: <c>queued.max.request.bytes</c>. A
/// connection claims a frame's length when it knows it. Past the bound it is not read, and gets its turn in the order of asking.
/// </summary>
/// <remarks>
/// Nobody waits for ever: who waits holds nothing, and a frame that is larger than the bound is let in alone. Each method is called by one connection for
/// itself; the lock is all that they share.
/// </remarks>
public sealed class RequestMemory(long maxBytes)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Claim> _waiting = new();
    private long _claimedBytes;

    /// <summary>The bytes that are claimed now.</summary>
    public long ClaimedBytes
    {
        get { lock (_lock) return _claimedBytes; }
    }

    /// <summary>Connections that wait for their turn.</summary>
    public int Waiting
    {
        get { lock (_lock) return _waiting.Count; }
    }

    private bool HasRoomFor(long bytes) => _claimedBytes == 0 || _claimedBytes + bytes <= maxBytes;

    private void LetIn()
    {
        while (_waiting.First is { } next && HasRoomFor(next.Value.Wanted))
        {
            _waiting.RemoveFirst();
            _claimedBytes += next.Value.Wanted;
            next.Value.Granted();
        }
    }

    /// <summary>What one connection holds of it.</summary>
    internal sealed class Claim
    {
        private readonly RequestMemory _memory;
        private readonly LinkedListNode<Claim> _node;
        private TaskCompletionSource? _turn;
        private long _handled;
        private bool _isGranted;
        private bool _isEnded;

        public Claim(RequestMemory memory)
        {
            _memory = memory;
            _node = new LinkedListNode<Claim>(this);
        }

        /// <summary>The length of the frame that is coming.</summary>
        public long Wanted { get; private set; }

        /// <summary>Whether the frame that is coming may be received; where not, <see cref="WhenGranted"/> says when.</summary>
        public bool Take(int bytes)
        {
            lock (_memory._lock)
            {
                if (_isGranted) return true;
                if (_isEnded || _node.List is not null) return false;
                Wanted = bytes;
                if (_memory._waiting.Count == 0 && _memory.HasRoomFor(bytes))
                {
                    _memory._claimedBytes += bytes;
                    return _isGranted = true;
                }
                _turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _memory._waiting.AddLast(_node);
                return false;
            }
        }

        /// <summary>Completes when the frame may be received, or the connection ends.</summary>
        public Task WhenGranted()
        {
            lock (_memory._lock) return _turn?.Task ?? Task.CompletedTask;
        }

        /// <summary>The frame is complete; its bytes are needed until <see cref="Release"/>.</summary>
        public void FrameCut()
        {
            _handled += Wanted;
            Wanted = 0;
            _isGranted = false;
        }

        /// <summary>The bytes of the frames that were cut are done with.</summary>
        public void Release()
        {
            if (_handled == 0) return;
            lock (_memory._lock)
            {
                _memory._claimedBytes -= _handled;
                _handled = 0;
                _memory.LetIn();
            }
        }

        /// <summary>Nothing more is received: who waits goes on, without a turn. From any thread.</summary>
        public void End()
        {
            lock (_memory._lock)
            {
                _isEnded = true;
                if (_node.List is not null)
                {
                    _memory._waiting.Remove(_node);
                    // It may have been too large for what is left, and those behind it are not.
                    _memory.LetIn();
                }
                _turn?.TrySetResult();
            }
        }

        /// <summary>The connection is over: gives back what it holds, also of a frame that came in part.</summary>
        public void GiveBack()
        {
            End();
            if (_isGranted) FrameCut();
            Release();
        }

        internal void Granted()
        {
            _isGranted = true;
            _turn!.TrySetResult();
        }
    }
}
