namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// Topics that were deleted, until what follows from it for one shard is in its log. They are added once, by any thread; so neither a full mailbox, nor a shard
/// that loads, nor a log that refuses may lose them. The shard's turns take them, and put back what they could not carry out.
/// </summary>
internal sealed class DeletedTopics
{
    private readonly Lock _lock = new();
    private readonly SortedSet<string> _names = new(StringComparer.Ordinal);
    private bool _isShardWoken;

    /// <summary>
    /// Whether the shard has something to do about them, or may have: one that has just loaded compares all that it has with the topics that there are. Of its
    /// turns alone.
    /// </summary>
    public bool AreDue { get; set; }

    /// <summary>Topics were deleted. True where the shard has to be woken for it.</summary>
    public bool Add(IReadOnlyCollection<string> names)
    {
        lock (_lock)
        {
            _names.UnionWith(names);
            (var wasWoken, _isShardWoken) = (_isShardWoken, true);
            return !wasWoken;
        }
    }

    /// <summary>The shard was woken and can do nothing now: it is woken for the next ones again, and finds these when it has loaded.</summary>
    public void Postpone()
    {
        lock (_lock) _isShardWoken = false;
    }

    /// <summary>All of them, in the order of their names. From here on they are the taker's.</summary>
    public IReadOnlyCollection<string> Take()
    {
        AreDue = false;
        lock (_lock)
        {
            _isShardWoken = false;
            string[] taken = [.. _names];
            _names.Clear();
            return taken;
        }
    }

    /// <summary>What follows from them is not in the log: they are due again.</summary>
    public void PutBack(IReadOnlyCollection<string> names)
    {
        AreDue = true;
        lock (_lock) _names.UnionWith(names);
    }
}
