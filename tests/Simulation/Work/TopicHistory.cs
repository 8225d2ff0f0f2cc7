namespace KafkaCompat.Simulation.Work;

/// <summary>What clients know of one topic from its creation to its deletion. A topic that is made anew under its name is another one.</summary>
internal sealed class TopicHistory(string name, int partitions, bool isFlushed)
{
    private readonly List<PartitionHistory> _partitions = [.. Enumerable.Range(0, partitions).Select(index => new PartitionHistory($"{name}-{index}"))];

    public string Name => name;

    /// <summary>Whether each record is on the disk before it is acknowledged.</summary>
    public bool IsFlushed => isFlushed;

    /// <summary>Whether somebody has asked to delete it, or it is not known to be there: anything may be answered then.</summary>
    public bool IsInDoubt { get; set; }

    public IReadOnlyList<PartitionHistory> Partitions => _partitions;

    /// <summary>The power was cut: what was acknowledged out of the page cache may be gone.</summary>
    public void OnPowerCut()
    {
        if (!isFlushed)
        {
            _partitions.ForEach(static partition => partition.Forget());
        }
    }
}

/// <summary>What clients know of one partition. Each value is sent once, so that it stands at one offset at most.</summary>
internal sealed class PartitionHistory(string name)
{
    private readonly Dictionary<long, string> _acked = [];
    private readonly Dictionary<string, long> _seen = [];
    private readonly HashSet<string> _sent = [];

    public string Name => name;

    /// <summary>Behind all that was acknowledged.</summary>
    public long AckedEnd { get; private set; }

    /// <summary>Records before it were to be deleted: they may be gone, or there until their segments are.</summary>
    public long Trimmed { get; set; }

    /// <summary>
    /// Whether a byte of it was flipped. Its records are what they were or none, for whoever looks at their checksums; a start may cut them off, and says so.
    /// </summary>
    public bool IsDamaged { get; private set; }

    /// <summary>How often what is known was forgotten: what was read before is of another past.</summary>
    public int Past { get; private set; }

    public void Sent(string value) => _ = _sent.Add(value);

    /// <summary>
    /// A batch is acknowledged that was sent when all before <paramref name="endBefore"/> was. What is wrong with that; null where nothing is.
    /// </summary>
    public string? Acked(long baseOffset, IReadOnlyList<string> values, long endBefore)
    {
        if (IsDamaged)
        {
            AckedEnd = baseOffset + values.Count;
            return null;
        }

        if (baseOffset < endBefore)
        {
            return $"{name}: a batch sent when {endBefore} records were acknowledged got offset {baseOffset}";
        }

        for (var i = 0; i < values.Count; i++)
        {
            if (!_acked.TryAdd(baseOffset + i, values[i]))
            {
                return $"{name}: offset {baseOffset + i} was acknowledged for {_acked[baseOffset + i]} and for {values[i]}";
            }
        }

        AckedEnd = Math.Max(AckedEnd, baseOffset + values.Count);
        return null;
    }

    /// <summary>A record is read. What is wrong with it; null where nothing is.</summary>
    public string? Read(long offset, string value)
    {
        if (!_sent.Contains(value))
        {
            return $"{name}: at offset {offset} stands {value}, which nobody sent here";
        }

        if (_acked.TryGetValue(offset, out var acked) && acked != value)
        {
            return $"{name}: at offset {offset} stands {value}, and {acked} was acknowledged there";
        }

        return _seen.TryAdd(value, offset) || _seen[value] == offset ? null : $"{name}: {value} stands at offsets {_seen[value]} and {offset}";
    }

    /// <summary>All records were read. What of the acknowledged ones is missing; null where nothing is.</summary>
    public string? Missing(IReadOnlySet<long> offsets)
    {
        var missing = _acked.Where(acked => acked.Key >= Trimmed && !offsets.Contains(acked.Key)).OrderBy(static acked => acked.Key).ToList();
        return missing.Count == 0 ? null : $"{name}: {missing.Count} acknowledged records are lost, the first at offset {missing[0].Key}: {missing[0].Value}";
    }

    /// <summary>A byte of it was flipped. Values that were read stay where they are, or go.</summary>
    public void Damage()
    {
        IsDamaged = true;
        _acked.Clear();
        Past++;
    }

    public void Forget()
    {
        _acked.Clear();
        _seen.Clear();
        AckedEnd = 0;
        Past++;
    }
}
