using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Who waits until records of one partition are replicated: acks=all, and coordinators. Each place completes once, with NONE when the high watermark
/// reaches what it requires, or with the reason why it never will here. Who adds, advances or releases holds the partition's lock; <see cref="Remove"/> and
/// <see cref="End"/> need none.
/// </summary>
internal sealed class AckWaits
{
    /// <summary>Held for moments; taken after the partition's lock, which an append holds for as long as its disk takes.</summary>
    private readonly Lock _lock = new();

    /// <summary>Why nobody waits here any more; null while somebody may.</summary>
    private ErrorCode? _end;

    /// <summary>Made by the first that waits.</summary>
    private List<AckWait.Place>? _places;

    /// <summary>A place waits, or completes at once where the high watermark is there already, or where nobody waits any more.</summary>
    public void Add(AckWait.Place place, long highWatermark)
    {
        if (highWatermark >= place.RequiredOffset)
        {
            place.Complete(ErrorCode.None);
            return;
        }
        lock (_lock)
        {
            if (_end is { } outcome)
            {
                place.Complete(outcome);
                return;
            }
            _places ??= [];
            _places.Add(place);
        }
    }

    /// <summary>Places that are held.</summary>
    internal int Count => _places?.Count ?? 0;

    /// <summary>Nobody waits for the place any more.</summary>
    public void Remove(AckWait.Place place)
    {
        lock (_lock) _ = _places?.Remove(place);
    }

    /// <summary>The high watermark has moved.</summary>
    public void Advance(long highWatermark)
    {
        // Asked with each append. Places are added under the partition's lock alone, which the caller holds.
        if (_places is null) return;
        lock (_lock)
        {
            for (var i = _places.Count - 1; i >= 0; i--)
            {
                // One that is settled has timed out, and is about to be removed.
                if (_places[i].RequiredOffset > highWatermark && _places[i].Outcome is null) continue;
                _places[i].Complete(ErrorCode.None);
                _places.RemoveAt(i);
            }
        }
    }

    /// <summary>The high watermark of this replica acknowledges nothing any more.</summary>
    public void Release(ErrorCode outcome)
    {
        lock (_lock) ReleaseUnderLock(outcome);
    }

    /// <summary>As <see cref="Release"/>, for those too that come later. The partition's lock is not needed for it.</summary>
    public void End(ErrorCode outcome)
    {
        lock (_lock)
        {
            _end = outcome;
            ReleaseUnderLock(outcome);
        }
    }

    private void ReleaseUnderLock(ErrorCode outcome)
    {
        foreach (var place in _places ?? []) place.Complete(outcome);
        _places?.Clear();
    }
}
