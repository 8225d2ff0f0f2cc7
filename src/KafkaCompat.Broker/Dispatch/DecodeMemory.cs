namespace KafkaCompat.Broker.Dispatch;

/// <summary>
/// What the objects of large requests may take together, over all connections: those that cost more than <see cref="SmallBytes"/> by estimate. Such a request
/// is decoded when its turn comes, in the order of asking, and what it takes is given back when it is answered. All others are decoded where they are received
/// and never wait.
/// </summary>
/// <remarks>
/// A turn sets aside the most that a request of its length may cost, and after decoding what it has cost stays taken. Who waits holds nothing, and waits for
/// <see cref="MaxWaitMs"/> at most. A request that is held because it waits for something (a Fetch for records) can say how it is ended, for the sake of
/// others. One that its group keeps, and one whose connection has ended, takes nothing any more.
/// </remarks>
public sealed class DecodeMemory(long maxBytes = DecodeMemory.MaxBytes)
{
    /// <summary>Bytes of all requests that are large.</summary>
    public const long MaxBytes = 256 * 1024 * 1024;

    /// <summary>What a request may cost without asking.</summary>
    public const int SmallBytes = 256 * 1024;

    /// <summary>How long a request waits for its turn; past it its connection is closed.</summary>
    public const int MaxWaitMs = 30_000;

    /// <summary>How long a request waits here: <see cref="MaxWaitMs"/>, or what a test says.</summary>
    public int WaitMs { get; set; } = MaxWaitMs;

    private readonly Lock _lock = new();
    private readonly LinkedList<DecodeTurn> _waiting = new();
    private readonly LinkedList<DecodeTurn> _holding = new();
    private long _takenBytes;

    /// <summary>The bytes that are taken now.</summary>
    public long TakenBytes
    {
        get { lock (_lock) return _takenBytes; }
    }

    /// <summary>Requests that wait for their turn.</summary>
    public int Waiting
    {
        get { lock (_lock) return _waiting.Count; }
    }

    private bool HasRoomFor(long bytes) => _holding.Count == 0 || _takenBytes + bytes <= maxBytes;

    /// <summary>Asks for the turn of a request that may cost so many bytes.</summary>
    internal DecodeTurn Ask(long bytes)
    {
        var turn = new DecodeTurn(this, Math.Min(bytes, maxBytes));
        List<Action>? endings = null;
        lock (_lock)
        {
            _waiting.AddLast(turn.Place);
            LetIn();
            if (turn.Place.List == _waiting) endings = Endings();
        }
        End(endings);
        return turn;
    }

    /// <summary>Takes a turn back that has not come; one that has is left, because its request is being decoded.</summary>
    internal void EndWait(DecodeTurn turn)
    {
        lock (_lock)
        {
            if (turn.Place.List == _waiting) GiveBack(turn);
        }
    }

    /// <summary>Takes a turn back, whether it has come or not; from any thread, once or more.</summary>
    internal void GiveBack(DecodeTurn turn)
    {
        lock (_lock)
        {
            if (turn.Place.List == _holding) _takenBytes -= turn.Bytes;
            turn.Place.List?.Remove(turn.Place);
            turn.Granted.TrySetResult(false);
            LetIn();
        }
    }

    /// <summary>The request is decoded and has cost so much.</summary>
    internal void Keep(DecodeTurn turn, long bytes)
    {
        lock (_lock)
        {
            if (turn.Place.List != _holding) return;
            _takenBytes -= turn.Bytes;
            turn.Bytes = Math.Min(turn.Bytes, bytes);
            _takenBytes += turn.Bytes;
            LetIn();
        }
    }

    /// <summary>The request waits from now on, and <paramref name="end"/> ends that when others ask for memory.</summary>
    internal void EndWhenWanted(DecodeTurn turn, Action end)
    {
        bool isWanted;
        lock (_lock)
        {
            isWanted = _waiting.Count > 0;
            if (!isWanted) turn.EndWaiting = end;
        }
        if (isWanted) end();
    }

    private void LetIn()
    {
        while (_waiting.First is { } next && HasRoomFor(next.Value.Bytes))
        {
            _waiting.RemoveFirst();
            _holding.AddLast(next);
            _takenBytes += next.Value.Bytes;
            next.Value.Granted.TrySetResult(true);
        }
    }

    private List<Action> Endings()
    {
        var endings = new List<Action>();
        foreach (var held in _holding)
        {
            if (held.EndWaiting is { } end) endings.Add(end);
            held.EndWaiting = null;
        }
        return endings;
    }

    /// <summary>Outside the lock, because who ends gives back.</summary>
    private static void End(List<Action>? endings)
    {
        foreach (var end in endings ?? []) end();
    }
}
