using KafkaCompat.Broker.Loops;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Connections;

/// <summary>
/// What answers of all connections may take together while they wait for their clients to read them: regions of files, which wait on the disk, not counted.
/// Past the bound no request is started and no answer is written whose size its request does not bound, and connections get their turn in the order of asking.
/// Large answers wait for each other: who asks for a turn passes them.
/// </summary>
/// <remarks>
/// A client that does not read must cost itself and nobody else. So while anybody waits, this looks for connections whose answer has waited for
/// <see cref="StalledAfterMs"/> without a byte being taken, by the socket or by the client out of the socket's queue, and closes them. Of those that have taken
/// <see cref="SlowAfterMs"/> over one answer it closes the one with the most bytes, at each look; who reads faster is never closed for others. What answers
/// take is counted where a socket did not take them at once, so that the usual answer costs nothing here.
/// </remarks>
public sealed class AnswerMemory(long maxBytes, TimerWheel wheel, TimeProvider time)
{
    /// <summary>Bytes of unread answers of all connections.</summary>
    public const long MaxUnreadBytes = 128 * 1024 * 1024;

    /// <summary>How long a client may take nothing of its answer while others wait for room.</summary>
    /// <remarks>
    /// A client that reads slowly is seen to read in steps: through a buffer of 64 KiB on a link of large packets the system says so each 128 KiB, which is
    /// each 2.6 s of a client that reads 50 kB a second.
    /// </remarks>
    public const int StalledAfterMs = 5_000;

    /// <summary>
    /// How long a client may take to read an answer while others wait for room: clients give a request up after as long, where request.timeout.ms is the
    /// default.
    /// </summary>
    public const int SlowAfterMs = 30_000;

    /// <summary>
    /// What a request that was let in counts as until its answer is there. An answer that is larger is written when there is room for all of it.
    /// </summary>
    private const long BytesOfTurn = 1024 * 1024;

    internal const int LookEveryMs = 500;

    private readonly Lock _lock = new();
    private readonly LinkedList<Claim> _waiting = new();
    private readonly LinkedList<Claim> _waitingForMuch = new();
    private readonly LinkedList<Claim> _holding = new();
    private Look? _look;
    private bool _isLooking;
    private long _heldBytes;
    private volatile bool _isFull;

    /// <summary>Bytes that wait for clients now.</summary>
    public long HeldBytes
    {
        get { lock (_lock) return _heldBytes; }
    }

    /// <summary>Connections that wait for room.</summary>
    public int Waiting
    {
        get { lock (_lock) return _waiting.Count + _waitingForMuch.Count; }
    }

    private long Now => time.GetTimestamp();

    /// <summary>
    /// Whether the answers of an API are about as large as their requests, so that the bounds of requests hold them. They never wait for room: those who write,
    /// commit and stay in their groups go on while others do not read what they asked for.
    /// </summary>
    internal static bool IsBoundedByRequest(ApiKey key) =>
        key is ApiKey.Produce or ApiKey.ListOffsets or ApiKey.OffsetCommit or ApiKey.FindCoordinator or ApiKey.Heartbeat
        or ApiKey.LeaveGroup or ApiKey.ApiVersions or ApiKey.SaslHandshake or ApiKey.SaslAuthenticate or ApiKey.InitProducerId or ApiKey.OffsetForLeaderEpoch
        or ApiKey.CreateTopics
        or ApiKey.DeleteTopics or ApiKey.DeleteRecords or ApiKey.CreatePartitions or ApiKey.IncrementalAlterConfigs;

    /// <summary>Takes and gives bytes, and lets in who has room now. The lock is held.</summary>
    private void Change(long bytes)
    {
        _heldBytes += bytes;
        LetIn(_waiting);
        LetIn(_waitingForMuch);
        _isFull = _heldBytes >= maxBytes || _waiting.Count > 0;
    }

    private void LetIn(LinkedList<Claim> waiting)
    {
        while (waiting.First is { } next && HasRoomFor(next.Value.Wanted, _heldBytes))
        {
            waiting.RemoveFirst();
            _heldBytes += next.Value.Wanted;
            next.Value.LetIn();
        }
    }

    /// <summary>One that is larger than all that there is has it alone.</summary>
    private bool HasRoomFor(long bytes, long besides) => bytes <= BytesOfTurn ? besides < maxBytes : besides == 0 || besides + bytes <= maxBytes;

    private void StartLooking()
    {
        if (_isLooking) return;
        _isLooking = true;
        wheel.Schedule(_look ??= new Look(this), LookEveryMs);
    }

    /// <summary>Closes those who hold others up.</summary>
    private void CloseStalled()
    {
        List<Claim>? stalled = null;
        Claim? slow = null;
        long heldBytes;
        lock (_lock)
        {
            _isLooking = false;
            if (_waiting.Count + _waitingForMuch.Count == 0) return;
            StartLooking();
            heldBytes = _heldBytes;
            // Who holds little does not keep a large answer waiting.
            var most = _waiting.Count > 0 ? 0L : ConnectionLimits.MaxUnflushedBytes;
            foreach (var claim in _holding)
            {
                claim.Owner.LookAtClient();
                if (time.GetElapsedTime(claim.StillSince).TotalMilliseconds >= StalledAfterMs) (stalled ??= []).Add(claim);
                if (claim.UnreadBytes <= most || time.GetElapsedTime(claim.HeldSince).TotalMilliseconds < SlowAfterMs) continue;
                (slow, most) = (claim, claim.UnreadBytes);
            }
        }
        // Outside the lock, because a connection that closes gives back what it holds.
        foreach (var claim in stalled ?? []) claim.Owner.CloseStalled(claim.UnreadBytes, heldBytes);
        slow?.Owner.CloseSlow(slow.UnreadBytes, heldBytes);
    }

    /// <summary>
    /// What one connection has of it. Whoever reads the connection and whoever writes to it call it beside each other, <see cref="End"/> anybody. An answer
    /// that begins to wait for its client while the next request asks for room has a place in both lists.
    /// </summary>
    internal sealed class Claim
    {
        private readonly AnswerMemory _memory;
        private readonly LinkedListNode<Claim> _waitingPlace;
        private readonly LinkedListNode<Claim> _holdingPlace;
        private TaskCompletionSource? _turn;
        private long _since;
        private long _unreadBytes;
        private long _turnBytes;
        private volatile bool _isEnded;

        public Claim(AnswerMemory memory, KafkaConnection owner)
        {
            (_memory, Owner) = (memory, owner);
            (_waitingPlace, _holdingPlace) = (new LinkedListNode<Claim>(this), new LinkedListNode<Claim>(this));
        }

        public KafkaConnection Owner { get; }

        /// <summary>Bytes that wait for this connection's client.</summary>
        public long UnreadBytes => Volatile.Read(ref _unreadBytes);

        /// <summary>Since when the client has taken nothing of what waits for it.</summary>
        public long StillSince => Math.Max(HeldSince, Owner.LastSent);

        /// <summary>Since when it waits for the client.</summary>
        public long HeldSince => Volatile.Read(ref _since);

        /// <summary>Whether the next answer of any size has to wait for its turn.</summary>
        public bool MustWait => _memory._isFull && !HasTurn && !_isEnded;

        /// <summary>What the turn that it waits for counts as.</summary>
        public long Wanted { get; private set; } = BytesOfTurn;

        private bool HasTurn => Volatile.Read(ref _turnBytes) > 0;

        /// <summary>Whether an answer of so many bytes may be written now, which are counted then; where not, <see cref="WhenRoom"/> says when.</summary>
        public bool MayWrite(long bytes)
        {
            if (bytes <= BytesOfTurn) return !MustWait;
            lock (_memory._lock)
            {
                return _isEnded || _turnBytes >= bytes || TryTake(bytes);
            }
        }

        /// <summary>
        /// Completes when an answer of any size, or of so many bytes, may be made, or the connection ends. <see cref="EndTurn"/> or <see cref="Hold"/> has to
        /// follow.
        /// </summary>
        public Task WhenRoom(long bytes = BytesOfTurn)
        {
            lock (_memory._lock)
            {
                Wanted = Math.Max(bytes, BytesOfTurn);
                if (_isEnded || _turnBytes >= Wanted) return Task.CompletedTask;
                if (bytes <= BytesOfTurn ? !_memory._isFull : TryTake(bytes)) return Task.CompletedTask;
                // Who waits holds nothing. Who had a turn has made its answer by now: it comes before those who have not begun.
                _turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var waiting = Wanted > BytesOfTurn ? _memory._waitingForMuch : _memory._waiting;
                if (HasTurn) waiting.AddFirst(_waitingPlace);
                else waiting.AddLast(_waitingPlace);
                Change(-_turnBytes);
                _memory.StartLooking();
                return _turn.Task;
            }
        }

        /// <summary>The answer has gone, or is made later.</summary>
        public void EndTurn()
        {
            if (!HasTurn) return;
            lock (_memory._lock) Change(-_turnBytes);
        }

        /// <summary>The socket has not taken these bytes at once.</summary>
        public void Hold(long bytes)
        {
            // What later looks are compared with: the first may be long after, when somebody begins to wait.
            Owner.LookAtClient();
            lock (_memory._lock)
            {
                if (_isEnded) return;
                _since = _memory.Now;
                _unreadBytes = bytes;
                if (_holdingPlace.List is null) _memory._holding.AddLast(_holdingPlace);
                var turnBytes = _turnBytes;
                _turnBytes = 0;
                _memory.Change(bytes - turnBytes);
            }
        }

        /// <summary>The socket has taken them, or has failed.</summary>
        public void Release()
        {
            lock (_memory._lock)
            {
                if (_holdingPlace.List is not null) _memory._holding.Remove(_holdingPlace);
                var bytes = _unreadBytes;
                _unreadBytes = 0;
                if (bytes > 0) _memory.Change(-bytes);
            }
        }

        /// <summary>The connection ends: who waits goes on, without a turn.</summary>
        public void End()
        {
            lock (_memory._lock)
            {
                _isEnded = true;
                _waitingPlace.List?.Remove(_waitingPlace);
                Change(-_turnBytes);
                _turn?.TrySetResult();
            }
        }

        internal void LetIn()
        {
            _turnBytes = Wanted;
            _turn!.TrySetResult();
        }

        /// <summary>Takes a turn of so many bytes, or makes the one that it has as large, where nobody waits and there is room.</summary>
        private bool TryTake(long bytes)
        {
            if ((_memory._waitingForMuch.Count > 0 && !HasTurn) || !_memory.HasRoomFor(bytes, _memory._heldBytes - _turnBytes)) return false;
            Change(bytes - _turnBytes);
            return true;
        }

        private void Change(long turnBytes)
        {
            _turnBytes += turnBytes;
            _memory.Change(turnBytes);
        }
    }

    private sealed class Look(AnswerMemory memory) : TimerWheelEntry
    {
        protected internal override void OnDeadline() => memory.CloseStalled();
    }
}
