using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Loops;

/// <summary>
/// What waits for one owner, who works it off a turn at a time: never two turns at once, and no turn takes more than a given number of items. What is left has
/// another turn, on the scheduler that is given, behind whatever else waits there.
///
/// Whoever posts into an idle mailbox may have to take the first turn itself, so that what a connection asks is decided on the thread that read it. That is one
/// bounded turn: the thread may be a socket's, with connections of its own, and the rest is never its affair.
/// </summary>
/// <param name="capacity">Items that may wait.</param>
/// <param name="itemsPerTurn">Items that one turn takes.</param>
/// <param name="turn">The owner's work: it takes items until there are none for it, and lets no exception out.</param>
/// <param name="scheduler">Where turns run that nobody takes on the spot. One that is an <see cref="ITurnWatch"/> has every turn taken by it.</param>
internal sealed class Mailbox<T>(int capacity, int itemsPerTurn, Action turn, TaskScheduler scheduler)
{
    private readonly Lock _lock = new();
    private readonly Queue<T> _items = new();
    private readonly ITurnWatch? _watch = scheduler as ITurnWatch;

    /// <summary>Items that the present turn may still take.</summary>
    private int _left;

    /// <summary>Whether a turn runs, or has been scheduled.</summary>
    private bool _isBusy;

    /// <summary>The disk that turns would wait for at present: they run on its threads, and on none of a socket. Null while they wait for none.</summary>
    public Func<IWorkThreads?>? SlowDisk { get; init; }

    /// <summary>Posts an item, and takes a turn where the mailbox is idle. False where it is full.</summary>
    public bool TryPost(T item)
    {
        lock (_lock)
        {
            if (_items.Count >= capacity) return false;
            if (!Enqueue(item)) return true;
        }
        BeginTurn(mayBeHere: true);
        return true;
    }

    /// <summary>As <see cref="TryPost"/>, full or not: for the owner's own news, of which there are few, and which nobody brings a second time.</summary>
    public void Post(T item)
    {
        lock (_lock)
        {
            if (!Enqueue(item)) return;
        }
        BeginTurn(mayBeHere: true);
    }

    /// <summary>As <see cref="Post"/>, but this thread is kept by none of it.</summary>
    public void Send(T item)
    {
        lock (_lock)
        {
            if (!Enqueue(item)) return;
        }
        BeginTurn(mayBeHere: false);
    }

    /// <summary>The next item of the turn that runs; false where it has no more.</summary>
    public bool TryTake(out T item)
    {
        lock (_lock)
        {
            if (_left > 0 && _items.TryDequeue(out item!))
            {
                _left--;
                return true;
            }
        }
        item = default!;
        return false;
    }

    /// <summary>Whether a turn has to be begun for it.</summary>
    private bool Enqueue(T item)
    {
        _items.Enqueue(item);
        if (_isBusy) return false;
        _isBusy = true;
        _left = itemsPerTurn;
        return true;
    }

    /// <summary>Has a turn taken: on the threads of the disk that it would wait for, else on this thread if it may be here, else by the scheduler.</summary>
    private void BeginTurn(bool mayBeHere)
    {
        if (SlowDisk?.Invoke() is { } disk)
        {
            _ = disk.Run(TakeTurn);
        }
        else if (mayBeHere)
        {
            TakeTurn();
        }
        else
        {
            _ = Task.Factory.StartNew(
                static state => ((Mailbox<T>)state!).TakeTurn(), this, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
        }
    }

    private void TakeTurn()
    {
        while (true)
        {
            if (_watch is null)
            {
                turn();
            }
            else
            {
                _watch.Take(turn);
            }

            lock (_lock)
            {
                if (_items.Count == 0)
                {
                    _isBusy = false;
                    return;
                }
                // One that came while the turn ended is still of it.
                if (_left > 0) continue;
                _left = itemsPerTurn;
            }
            BeginTurn(mayBeHere: false);
            return;
        }
    }
}
