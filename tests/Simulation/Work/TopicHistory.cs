using KafkaCompat.Simulation.Engine;

namespace KafkaCompat.Simulation.Work;

/// <summary>How a topic of the simulation keeps its records.</summary>
/// <param name="IsFlushed">Whether each record is on the disk before it is acknowledged.</param>
/// <param name="RetentionMs">How old a record has to be to be deleted; -1 where none is for its age.</param>
/// <param name="RetentionBytes">How many bytes a partition keeps at least; -1 where all.</param>
internal sealed record TopicKeeping(bool IsFlushed, long RetentionMs = -1, long RetentionBytes = -1);

/// <summary>What clients know of one topic from its creation to its deletion. A topic that is made anew under its name is another one.</summary>
internal sealed class TopicHistory(string name, int partitions, TopicKeeping keeping)
{
    private readonly List<PartitionHistory> _partitions = [.. Enumerable.Range(0, partitions).Select(index => new PartitionHistory($"{name}-{index}"))];

    public string Name => name;

    public TopicKeeping Keeping => keeping;

    /// <summary>Whether somebody has asked to delete it, or it is not known to be there: anything may be answered then.</summary>
    public bool IsInDoubt { get; set; }

    public IReadOnlyList<PartitionHistory> Partitions => _partitions;

    /// <summary>The power was cut: what was acknowledged out of the page cache may be gone.</summary>
    public void OnPowerCut()
    {
        if (!keeping.IsFlushed)
        {
            _partitions.ForEach(static partition => partition.Forget());
        }
    }

    /// <summary>
    /// Retention takes a segment at a time by the wall clock. What is wrong with that; null where all of its records were to be deleted, or are too old, or the
    /// partition keeps enough bytes without them.
    /// </summary>
    public string? Dropped(PartitionHistory partition, DroppedSegment segment, long wallMs)
    {
        var batches = StoredLogs.Batches(segment.Bytes);
        if (batches.Count == 0)
        {
            return null;
        }

        var (next, largestMs) = (batches.Max(static batch => batch.Header.NextOffset), batches.Max(static batch => batch.Header.MaxTimestamp));
        var isOld = keeping.RetentionMs >= 0 && wallMs - largestMs > keeping.RetentionMs;
        var isTooMuch = keeping.RetentionBytes >= 0 && segment.FolderBytes - segment.Bytes.Length >= keeping.RetentionBytes;
        var isRight = next <= partition.Trimmed || isOld || isTooMuch;
        partition.DroppedBefore(next);
        return isRight ? null
            : $"{partition.Name}: the records before {next} were deleted, the youngest {wallMs - largestMs} ms old, of {segment.FolderBytes} bytes, {keeping}";
    }
}

/// <summary>What clients know of one partition. Each value is sent once, so that it stands at one offset at most.</summary>
internal sealed class PartitionHistory(string name)
{
    private readonly Dictionary<long, SentRecord> _acked = [];
    private readonly Dictionary<string, long> _seen = [];
    private readonly HashSet<string> _sent = [];
    private readonly List<Flip> _damage = [];

    public string Name => name;

    /// <summary>Behind all that was acknowledged.</summary>
    public long AckedEnd { get; private set; }

    /// <summary>Records before it were to be deleted, or were too many or too old: they may be gone, or there until their segments are.</summary>
    public long Trimmed { get; set; }

    /// <summary>The least offset that the log starts at, from now on.</summary>
    public long Start { get; private set; }

    /// <summary>How often what is known was forgotten: what was read before is of another past.</summary>
    public int Past { get; private set; }

    /// <summary>Whether a byte of its records is damaged now.</summary>
    public bool HasDamage => _damage.Exists(static flip => flip.Stands);

    public void Sent(string value) => _ = _sent.Add(value);

    /// <summary>The offset behind the damaged batch that an offset is of; null where it is of none.</summary>
    public long? DamageEnd(long offset) => _damage.Find(flip => flip.Stands && flip.FromOffset <= offset && offset < flip.ToOffset)?.ToOffset;

    /// <summary>The time of a record that was acknowledged; null where none was.</summary>
    public long? AnyTime(Random random) => _acked.Count == 0 ? null : _acked.ElementAt(random.Next(_acked.Count)).Value.TimeMs;

    /// <summary>
    /// A batch is acknowledged that was sent when all before <paramref name="endBefore"/> was. What is wrong with that; null where nothing is.
    /// </summary>
    public string? Acked(long baseOffset, IReadOnlyList<SentRecord> records, long endBefore)
    {
        if (baseOffset < endBefore)
        {
            return $"{name}: a batch sent when {endBefore} records were acknowledged got offset {baseOffset}";
        }

        for (var i = 0; i < records.Count; i++)
        {
            // A batch that was damaged before its answer came is none to be read.
            if (DamageEnd(baseOffset + i) is null && !_acked.TryAdd(baseOffset + i, records[i]))
            {
                return $"{name}: offset {baseOffset + i} was acknowledged for {_acked[baseOffset + i].Value} and for {records[i].Value}";
            }
        }

        AckedEnd = Math.Max(AckedEnd, baseOffset + records.Count);
        return null;
    }

    /// <summary>A record is read. What is wrong with it; null where nothing is.</summary>
    public string? Read(long offset, string value)
    {
        if (!_sent.Contains(value))
        {
            return $"{name}: at offset {offset} stands {value}, which nobody sent here";
        }

        if (_acked.TryGetValue(offset, out var acked) && acked.Value != value)
        {
            return $"{name}: at offset {offset} stands {value}, and {acked.Value} was acknowledged there";
        }

        return _seen.TryAdd(value, offset) || _seen[value] == offset ? null : $"{name}: {value} stands at offsets {_seen[value]} and {offset}";
    }

    /// <summary>Offsets of acknowledged records that are not before a time.</summary>
    public List<long> From(long timeMs) => [.. _acked.Where(acked => acked.Value.TimeMs >= timeMs).Select(static acked => acked.Key)];

    /// <summary>A record was looked for by its time: the first one that is not before it. What is wrong with the answer; null where nothing is.</summary>
    /// <param name="known">Such records that were acknowledged before it was looked for.</param>
    /// <param name="timeMs">The time.</param>
    /// <param name="offset">Which one was found; -1 where none was.</param>
    /// <param name="foundMs">Its time.</param>
    public string? Found(IReadOnlyList<long> known, long timeMs, long offset, long foundMs)
    {
        var first = known.Where(acked => acked >= Trimmed && _acked.ContainsKey(acked)).DefaultIfEmpty(-1).Min();
        if (first >= 0 && (offset < 0 || offset > first))
        {
            return $"{name}: the first record from the time {timeMs} on is said to be {offset}, and one was acknowledged at {first}";
        }

        return offset >= 0 && (foundMs < timeMs || (_acked.TryGetValue(offset, out var acked) && acked.TimeMs != foundMs))
            ? $"{name}: the record at {offset} is said to be of {foundMs}, looked for was {timeMs}"
            : null;
    }

    /// <summary>An answer says where the log starts. What is wrong with that; null where nothing is.</summary>
    /// <param name="offset">Where it starts.</param>
    /// <param name="atLeast">What was known when the answer was asked for.</param>
    public string? StartsAt(long offset, long atLeast)
    {
        if (offset < atLeast || offset > Trimmed)
        {
            return $"{name}: the log starts at {offset}, it was known to start at {atLeast}, and nothing from {Trimmed} on was to be deleted";
        }

        Start = Math.Max(Start, offset);
        return null;
    }

    /// <summary>All records were read. What of the acknowledged ones is missing; null where nothing is.</summary>
    public string? Missing(IReadOnlySet<long> offsets)
    {
        var missing = _acked.Where(acked => acked.Key >= Trimmed && !offsets.Contains(acked.Key)).OrderBy(static acked => acked.Key).ToList();
        return missing.Count == 0 ? null
            : $"{name}: {missing.Count} acknowledged records are lost, the first at offset {missing[0].Key}: {missing[0].Value.Value}";
    }

    /// <summary>A bit of a batch was flipped: its records are what they were, or none, for whoever looks at their checksums.</summary>
    public void Damage(Flip flip)
    {
        _damage.Add(flip);
        for (var offset = flip.FromOffset; offset < flip.ToOffset; offset++)
        {
            _ = _acked.Remove(offset);
        }
    }

    /// <summary>A start has cut the log at a damaged batch.</summary>
    public void CutTo(long offset)
    {
        foreach (var gone in _acked.Keys.Where(acked => acked >= offset).ToList())
        {
            _ = _acked.Remove(gone);
        }

        foreach (var gone in _seen.Where(seen => seen.Value >= offset).Select(static seen => seen.Key).ToList())
        {
            _ = _seen.Remove(gone);
        }

        AckedEnd = Math.Min(AckedEnd, offset);
        Past++;
    }

    /// <summary>The first segments are gone.</summary>
    public void DroppedBefore(long offset) => Trimmed = Math.Max(Trimmed, offset);

    /// <summary>Another life begins, which knows where the log starts as far as that was written down.</summary>
    public void OnLife() => Start = 0;

    public void Forget()
    {
        _acked.Clear();
        _seen.Clear();
        AckedEnd = 0;
        Past++;
    }
}

/// <summary>A record as it was sent.</summary>
internal readonly record struct SentRecord(string Value, long TimeMs);
