namespace KafkaCompat.Cluster.Machines;

/// <summary>
/// What is measured of those whom a quota binds. Who is quiet for <see cref="MaxIdleMs"/> is forgotten, as Kafka does; past <see cref="MaxEntities"/> those
/// who were quiet longest are, so that names made up on the way cost no more memory than that. Not safe for threads.
/// </summary>
public sealed class TrackedEntities<TKey, TMeasure>(Func<TMeasure> create)
    where TKey : notnull
{
    /// <summary>Entities that are measured at a time, by quota.</summary>
    public const int MaxEntities = 10_000;

    /// <summary>Kafka's hour, after which a sensor is dropped.</summary>
    public const long MaxIdleMs = 3_600_000;

    /// <summary>How often a newcomer makes this look for who can be forgotten.</summary>
    private const long SweepIntervalMs = 60_000;

    /// <summary>How many go at a time where there are too many, so that not every newcomer makes this look at all of them.</summary>
    private const int EvictedAtOnce = MaxEntities / 8;

    private readonly Dictionary<TKey, Entry> _entries = [];
    private long _sweptMs;

    public int Count => _entries.Count;

    /// <summary>What is measured of an entity already; the default where nothing is. To look changes nothing.</summary>
    public TMeasure? Find(TKey key) => _entries.TryGetValue(key, out var entry) ? entry.Measure : default;

    public TMeasure Of(TKey key, long nowMs)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            if (_entries.Count >= MaxEntities || nowMs - _sweptMs >= SweepIntervalMs) Sweep(nowMs);
            _entries.Add(key, entry = new Entry(create()));
        }
        entry.UsedMs = nowMs;
        return entry.Measure;
    }

    public void Clear() => _entries.Clear();

    private void Sweep(long nowMs)
    {
        _sweptMs = nowMs;
        foreach (var (key, entry) in _entries)
        {
            if (nowMs - entry.UsedMs >= MaxIdleMs) _ = _entries.Remove(key);
        }
        if (_entries.Count < MaxEntities) return;
        foreach (var (key, _) in _entries.OrderBy(static entry => entry.Value.UsedMs).Take(EvictedAtOnce).ToList()) _ = _entries.Remove(key);
    }

    private sealed class Entry(TMeasure measure)
    {
        public TMeasure Measure { get; } = measure;

        public long UsedMs { get; set; }
    }
}
