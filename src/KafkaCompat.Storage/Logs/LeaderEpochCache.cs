using System.Globalization;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Logs;

/// <summary>A leader epoch and the offset of the first record that a leader of it wrote.</summary>
public readonly record struct LeaderEpochEntry(int Epoch, long StartOffset);

/// <summary>
/// The history of a partition's leaders, kept in <c>leader-epoch-checkpoint</c>. Epochs and start offsets both grow from entry to entry. It tells
/// a follower, or a client that came back, up to which offset its copy agrees with this one.
/// </summary>
public sealed class LeaderEpochCache
{
    public const string FileName = "leader-epoch-checkpoint";
    public const int Undefined = -1;

    private readonly LogEnvironment _environment;

    /// <summary>Held for moments: readers and appends do not wait for the disk.</summary>
    private readonly Lock _gate = new();
    private readonly List<LeaderEpochEntry> _entries = [];
    private string _path;

    /// <summary>What the file says; null where there is none.</summary>
    private LeaderEpochEntry[]? _written;

    /// <summary>The file has a name that a crash may take.</summary>
    private bool _isNameUnsynced;

    private LeaderEpochCache(LogEnvironment environment, string path)
    {
        _environment = environment;
        _path = path;
    }

    /// <summary>The newest epoch, or -1.</summary>
    public int LatestEpoch
    {
        get
        {
            lock (_gate)
                return _entries.Count == 0 ? Undefined : _entries[^1].Epoch;
        }
    }

    internal static LeaderEpochCache Open(LogEnvironment environment, string folder)
    {
        var cache = new LeaderEpochCache(environment, Path.Combine(folder, FileName));
        if (!environment.Files.FileExists(cache._path))
            return cache;
        // A file of zeros was not synced, because no record needed what it said, when the machine stopped: see Close.
        var content = environment.Files.ReadAllBytes(cache._path);
        if (!content.AsSpan().ContainsAnyExcept((byte)0))
            return cache;
        try
        {
            foreach (var cells in CheckpointText.Parse(content, cache._path, 2))
                cache._entries.Add(new LeaderEpochEntry(CheckpointText.Int(cells[0], cache._path), CheckpointText.Number(cells[1], cache._path)));
        }
        catch (LogCorruptionException damage)
        {
            throw CheckpointText.WithRemedy(damage, "knows leader epochs from the batches that it checks, and none of earlier ones.");
        }
        if (cache._entries.Count > 0)
            cache._written = [.. cache._entries];
        return cache;
    }

    public LeaderEpochEntry[] Entries()
    {
        lock (_gate)
            return [.. _entries];
    }

    /// <summary>
    /// Notes that an epoch starts at an offset. Entries that contradict it, of a later epoch or from that offset on, give way.
    /// It is not written at once: after a crash recovery reads epochs out of the batches behind the recovery point, and <see cref="MakeDurable"/> writes
    /// them before that moves on. So ten thousand partitions get their leaders without a write.
    /// </summary>
    public void Assign(int epoch, long startOffset) => _ = Put(epoch, startOffset);

    /// <summary>As <see cref="Assign"/>; true where something has changed.</summary>
    internal bool Put(int epoch, long startOffset)
    {
        lock (_gate)
        {
            if (epoch < 0 || startOffset < 0)
                return false;
            if (_entries.Count > 0 && _entries[^1].Epoch == epoch && startOffset >= _entries[^1].StartOffset)
                return false;
            while (_entries.Count > 0 && (_entries[^1].Epoch >= epoch || _entries[^1].StartOffset >= startOffset))
                _entries.RemoveAt(_entries.Count - 1);
            Invariant.Holds(_entries.Count == 0 || (_entries[^1].Epoch < epoch && _entries[^1].StartOffset < startOffset),
                $"{_path}: epoch {epoch} from {startOffset} on follows {_entries[^1]}");
            _entries.Add(new LeaderEpochEntry(epoch, startOffset));
            return true;
        }
    }

    /// <summary>The largest epoch that is not later than the one asked for, and the offset where it ended; (-1, -1) where that is not known.</summary>
    public LeaderEpochEntry EndOffsetFor(int epoch, long logEndOffset)
    {
        lock (_gate)
        {
            if (epoch == Undefined)
                return new LeaderEpochEntry(Undefined, Undefined);
            if (_entries.Count > 0 && _entries[^1].Epoch == epoch)
                return new LeaderEpochEntry(epoch, logEndOffset);
            var higher = _entries.FindIndex(entry => entry.Epoch > epoch);
            if (higher < 0)
                return new LeaderEpochEntry(Undefined, Undefined);
            return new LeaderEpochEntry(higher == 0 ? epoch : _entries[higher - 1].Epoch, _entries[higher].StartOffset);
        }
    }

    /// <summary>The epoch of the record at an offset, or -1.</summary>
    public int EpochFor(long offset)
    {
        lock (_gate)
        {
            for (var i = _entries.Count - 1; i >= 0; i--)
            {
                if (_entries[i].StartOffset <= offset)
                    return _entries[i].Epoch;
            }
            return Undefined;
        }
    }

    /// <summary>How many epochs start behind an offset: of a log that ends there, those whose records are gone. One that starts there has none yet.</summary>
    internal int CountBehind(long offset)
    {
        lock (_gate)
            return _entries.Count(entry => entry.StartOffset > offset);
    }

    /// <summary>The log now ends at an offset. Where nothing is left the file keeps what the next start cuts off again.</summary>
    internal void TruncateFromEnd(long endOffset)
    {
        lock (_gate)
        {
            if (_entries.RemoveAll(entry => entry.StartOffset >= endOffset) == 0 || _entries.Count == 0)
                return;
        }
        Write();
    }

    /// <summary>
    /// The log now starts at an offset: the epoch of its first record starts there. The file follows with the next sync that needs it; what it says meanwhile
    /// is cut off again with the next start.
    /// </summary>
    internal void TruncateFromStart(long startOffset)
    {
        lock (_gate)
        {
            var first = _entries.FindLastIndex(entry => entry.StartOffset <= startOffset);
            if (first < 0 || (first == 0 && _entries[0].StartOffset == startOffset))
                return;
            _entries[first] = _entries[first] with { StartOffset = startOffset };
            _entries.RemoveRange(0, first);
            Invariant.Holds(_entries.Count == 1 || _entries[1].StartOffset > startOffset, $"{_path}: the log starts at {startOffset}, behind {_entries[1]}");
        }
    }

    internal void Clear()
    {
        lock (_gate)
        {
            if (_entries.Count == 0)
                return;
            _entries.Clear();
        }
        Write();
    }

    /// <summary>
    /// Brings the file to what the log says that ends at an offset. An epoch that has no record yet is no reason to write: the next start would cut it off.
    /// A log that is closed has a file, even where that says nothing.
    /// </summary>
    internal void Close(long endOffset)
    {
        bool lacks, isAbsent;
        lock (_gate)
            (lacks, isAbsent) = (Lacks(endOffset), _written is null);
        if (lacks || isAbsent)
            Write(sync: lacks);
    }

    /// <summary>The file says what the epochs before an offset are, whatever comes. True where its folder has to be synced for that.</summary>
    internal bool MakeDurable(long endOffset)
    {
        bool lacks;
        lock (_gate)
            lacks = Lacks(endOffset);
        if (lacks)
            Write();
        lock (_gate)
        {
            var isNameUnsynced = _isNameUnsynced;
            _isNameUnsynced = false;
            return isNameUnsynced;
        }
    }

    /// <summary>The folder could not be synced.</summary>
    internal void NameIsUnsynced()
    {
        lock (_gate)
            _isNameUnsynced = true;
    }

    internal void Write(bool sync = true)
    {
        // Held while the file is written, and taken before the other.
        lock (this)
        {
            var entries = Entries();
            try
            {
                // The content is synced before it takes the name, so that the name always stands for a whole file; which of the two files a
                // crash leaves does not matter until the recovery point moves on, because recovery reads the epochs behind it from the batches.
                var temporary = _path + ".tmp";
                _environment.Files.Delete(temporary);
                using (var file = _environment.Files.Open(temporary, FileOpening.CreateNew))
                {
                    file.Write(0, CheckpointText.Encode(entries.Length, entries.Select(static entry =>
                        string.Create(CultureInfo.InvariantCulture, $"{entry.Epoch} {entry.StartOffset}"))));
                    if (sync)
                        file.Sync();
                }
                _environment.Files.Rename(temporary, _path);
                lock (_gate)
                {
                    _written = entries;
                    _isNameUnsynced |= sync;
                }
            }
            catch (IOException failure)
            {
                throw _environment.Health.RefusedBy(failure);
            }
        }
    }

    private bool Lacks(long endOffset)
    {
        var written = _written ?? [];
        var needed = 0;
        while (needed < _entries.Count && _entries[needed].StartOffset < endOffset)
        {
            if (needed >= written.Length || written[needed] != _entries[needed])
                return true;
            needed++;
        }
        return needed < written.Length && written[needed].StartOffset < endOffset;
    }

    internal void Moved(string folder) => _path = Path.Combine(folder, FileName);
}
