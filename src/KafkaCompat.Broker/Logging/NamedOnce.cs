namespace KafkaCompat.Broker.Logging;

/// <summary>
/// What the log has named, so that whoever does the same for ever fills nothing: each key once for what is said of it, and no key behind a bound.
/// </summary>
/// <param name="max">Keys that are named.</param>
internal sealed class NamedOnce<TKey>(int max)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, int> _named = [];

    /// <summary>Whether no further key is named.</summary>
    public bool IsFull
    {
        get { lock (_lock) return _named.Count >= max; }
    }

    /// <summary>Whether a key is to be named now.</summary>
    /// <param name="key">Who or what it is.</param>
    /// <param name="isLast">Whether it is the last key that is named.</param>
    /// <param name="about">What is said of it: something else is said again.</param>
    public bool Add(TKey key, out bool isLast, int about = 0)
    {
        lock (_lock)
        {
            var isKnown = _named.TryGetValue(key, out var last);
            isLast = !isKnown && _named.Count == max - 1;
            if (isKnown ? last == about : _named.Count >= max) return false;
            _named[key] = about;
            return true;
        }
    }

    /// <summary>Nothing is to be said of a key any more; what comes later is named again.</summary>
    public void Forget(TKey key)
    {
        lock (_lock) _ = _named.Remove(key);
    }
}
