namespace KafkaCompat.Storage.Files;

/// <summary>Thrown by every operation from the moment that a <see cref="ForgetfulFileStore"/> has lost its power.</summary>
public sealed class PowerCutException(string message) : IOException(message);

/// <summary>
/// Files in memory that behave like a disk with a write cache. Bytes that were written but not synced, and names that were
/// changed but whose folder was not synced, are kept apart; <see cref="Crash"/> gives the store as a machine would find it
/// after a power cut, where each of them is there, lost or torn as the seed decides. The same seed gives the same disk.
/// Faults can be asked for: the power goes at the n-th operation, a sync fails, the disk is full.
/// </summary>
public sealed class ForgetfulFileStore : IFileStore
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _locks = [];
    private readonly ForgetfulFolder _root;
    private readonly TimeProvider _clock;
    private long _operations;
    private long _cutAt = long.MaxValue;
    private Func<string, bool>? _failSync;
    private long _freeBytes = long.MaxValue;

    public ForgetfulFileStore(TimeProvider clock)
        : this(clock, new ForgetfulFolder())
    {
    }

    private ForgetfulFileStore(TimeProvider clock, ForgetfulFolder root)
    {
        _clock = clock;
        _root = root;
    }

    /// <summary>How many operations that change something have been asked for so far.</summary>
    public long Operations => Interlocked.Read(ref _operations);

    /// <summary>The power goes when this many changing operations have been done.</summary>
    public void CutPowerAfter(long operations) => _cutAt = operations;

    /// <summary>Every sync of a path that the predicate names fails and loses what it should have kept; null ends it.</summary>
    public void FailSyncs(Func<string, bool>? path) => _failSync = path;

    /// <summary>Bytes that may still be written behind the ends of files; a write that needs more is done in part and fails.</summary>
    public void LeaveFree(long bytes) => _freeBytes = bytes;

    /// <summary>The store after a power cut. This one answers no more.</summary>
    public ForgetfulFileStore Crash(int seed)
    {
        lock (_gate)
        {
            _cutAt = 0;
            return new ForgetfulFileStore(_clock, _root.AfterCrash(new ForgetfulChance(seed)));
        }
    }

    /// <summary>
    /// The store as the next process finds it after a <c>kill -9</c>: nothing is lost, and what was not synced still can be. This one answers no more.
    /// </summary>
    public ForgetfulFileStore Kill()
    {
        lock (_gate)
        {
            _cutAt = 0;
            return new ForgetfulFileStore(_clock, _root);
        }
    }

    public bool FileExists(string path)
    {
        lock (_gate)
            return Find(path) is ForgetfulFileNode;
    }

    public bool FolderExists(string path)
    {
        lock (_gate)
            return Find(path) is ForgetfulFolder;
    }

    public IReadOnlyList<StoredEntry> List(string folder)
    {
        lock (_gate)
        {
            var entries = new List<StoredEntry>();
            foreach ((var name, var node) in Folder(folder).Names)
                entries.Add(node is ForgetfulFileNode file ? new StoredEntry(name, false, file.Length) : new StoredEntry(name, true, 0));
            return entries;
        }
    }

    public StoredFile Open(string path, FileOpening opening)
    {
        lock (_gate)
        {
            var node = Find(path);
            if (node is ForgetfulFolder)
                throw new IOException($"{path} is a folder.");
            if (node is ForgetfulFileNode && opening == FileOpening.CreateNew)
                throw new IOException($"{path} exists.");
            if (node is null)
            {
                if (opening is FileOpening.Read or FileOpening.ReadWrite)
                    throw new FileNotFoundException($"{path} does not exist.", path);
                Step();
                node = new ForgetfulFileNode { WrittenMs = NowMs() };
                Folder(Parent(path)).Change(new NameChange(null, Leaf(path), node));
            }
            return new ForgetfulFile(this, path, (ForgetfulFileNode)node);
        }
    }

    public void CreateFolder(string path)
    {
        lock (_gate)
        {
            if (Find(path) is ForgetfulFolder || path.Length == 0 || Leaf(path).Length == 0)
                return;
            CreateFolder(Parent(path));
            Step();
            Folder(Parent(path)).Change(new NameChange(null, Leaf(path), new ForgetfulFolder()));
        }
    }

    public void Rename(string from, string to)
    {
        lock (_gate)
        {
            Step();
            var node = Find(from) ?? throw new FileNotFoundException($"{from} does not exist.", from);
            if (Parent(from) == Parent(to))
            {
                Folder(Parent(from)).Change(new NameChange(Leaf(from), Leaf(to), node));
                return;
            }
            Folder(Parent(to)).Change(new NameChange(null, Leaf(to), node));
            Folder(Parent(from)).Change(new NameChange(Leaf(from), null, null));
        }
    }

    public void Delete(string path)
    {
        lock (_gate)
        {
            if (Find(path) is not ForgetfulFileNode)
                return;
            Step();
            Folder(Parent(path)).Change(new NameChange(Leaf(path), null, null));
        }
    }

    public void DeleteFolder(string path)
    {
        lock (_gate)
        {
            if (Find(path) is not ForgetfulFolder)
                return;
            Step();
            Folder(Parent(path)).Change(new NameChange(Leaf(path), null, null));
        }
    }

    public void SyncFolder(string path)
    {
        lock (_gate)
        {
            Step();
            if (_failSync?.Invoke(path) == true)
                throw new IOException($"fsync of {path} failed: Input/output error (5)");
            Folder(path).Sync();
        }
    }

    public long LastWriteMs(string path)
    {
        lock (_gate)
            return Find(path) is ForgetfulFileNode file ? file.WrittenMs : throw new FileNotFoundException($"{path} does not exist.", path);
    }

    public void MakeReadOnly(string path)
    {
        // Permissions play no part in what a crash keeps.
    }

    public (long TotalBytes, long UsableBytes) Space(string path) => (-1, _freeBytes);

    public IDisposable? TryLock(string path)
    {
        lock (_gate)
            return _locks.Add(path) ? new Unlock(this, path) : null;
    }

    internal void Write(ForgetfulFileNode node, string path, long position, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            Step();
            var growth = Math.Max(0, position + bytes.Length - node.Length);
            var full = growth > _freeBytes;
            if (full)
                bytes = bytes[..(int)(bytes.Length - (growth - _freeBytes))];
            _freeBytes -= Math.Min(growth, _freeBytes);
            node.Write(position, bytes);
            node.WrittenMs = NowMs();
            if (full)
                throw new IOException($"write to {path} failed: No space left on device (28)");
        }
    }

    internal int Read(ForgetfulFileNode node, long position, Span<byte> buffer)
    {
        lock (_gate)
            return node.Read(position, buffer);
    }

    internal void SetLength(ForgetfulFileNode node, long length)
    {
        lock (_gate)
        {
            Step();
            node.SetLength(length);
            node.WrittenMs = NowMs();
        }
    }

    internal void Sync(ForgetfulFileNode node, string path)
    {
        lock (_gate)
        {
            Step();
            if (_failSync?.Invoke(path) == true)
            {
                node.LoseUnsynced();
                throw new IOException($"fsync of {path} failed: Input/output error (5)");
            }
            node.Sync();
        }
    }

    private static string Parent(string path) => Path.GetDirectoryName(path) ?? "";

    private static string Leaf(string path) => Path.GetFileName(path);

    private long NowMs() => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    private void Step()
    {
        if (Interlocked.Read(ref _operations) >= _cutAt)
            throw new PowerCutException($"The power is off since operation {_cutAt}.");
        Interlocked.Increment(ref _operations);
    }

    private ForgetfulFolder Folder(string path) =>
        Find(path) as ForgetfulFolder ?? throw new DirectoryNotFoundException($"{path} is no folder.");

    private object? Find(string path)
    {
        object node = _root;
        foreach (var part in path.AsSpan().SplitAny('/', '\\'))
        {
            var name = path.AsSpan(part);
            if (name.IsEmpty)
                continue;
            if (node is not ForgetfulFolder folder || !folder.Names.TryGetValue(name.ToString(), out var next))
                return null;
            node = next;
        }
        return node;
    }

    private sealed class Unlock(ForgetfulFileStore store, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (store._gate)
                _ = store._locks.Remove(path);
        }
    }
}
