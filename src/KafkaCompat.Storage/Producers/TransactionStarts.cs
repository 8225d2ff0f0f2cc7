namespace KafkaCompat.Storage.Producers;

/// <summary>
/// Where the transactions of one partition begin that committed readers may not pass, in the order of their first offsets. Whoever calls holds the log's lock.
/// </summary>
internal sealed class TransactionStarts
{
    /// <summary>Open transactions by first offset, with their producers: the smallest key is the first offset that is not decided.</summary>
    private readonly SortedDictionary<long, long> _open = [];

    /// <summary>Decided transactions by first offset, with the offset of the marker, until the high watermark has passed the marker.</summary>
    private readonly SortedDictionary<long, long> _decided = [];

    /// <summary>The first offset of all; long.MaxValue where there is none.</summary>
    public long First => Math.Min(FirstOf(_open), FirstOf(_decided));

    public void Open(long firstOffset, long producerId) => _open[firstOffset] = producerId;

    /// <summary>One that is open is decided by a marker.</summary>
    public void Decide(long firstOffset, long markerOffset)
    {
        if (_open.Remove(firstOffset))
            _decided[firstOffset] = markerOffset;
    }

    /// <summary>The first offset of those that are open, but for one; null where there is no other.</summary>
    public long? FirstOpenBut(long firstOffset)
    {
        foreach (var first in _open.Keys)
        {
            if (first != firstOffset)
                return first;
        }
        return null;
    }

    /// <summary>Forgets those whose marker stands before an offset.</summary>
    public void ForgetDecidedBefore(long offset)
    {
        List<long>? gone = null;
        foreach ((var first, var marker) in _decided)
        {
            if (marker < offset)
                (gone ??= []).Add(first);
        }
        foreach (var first in gone ?? [])
            _ = _decided.Remove(first);
    }

    private static long FirstOf(SortedDictionary<long, long> transactions)
    {
        foreach (var first in transactions.Keys)
            return first;
        return long.MaxValue;
    }
}
