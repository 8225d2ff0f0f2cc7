using KafkaCompat.Storage.Files;

namespace KafkaCompat.Testing.Files;

/// <summary>
/// Files that live as long as the store. Everything that was written is there at once and stays, as with a process whose page cache outlives it; to lose what
/// was not synced is the business of <see cref="ForgetfulFileStore"/>, which keeps every write twice for that.
/// </summary>
internal sealed class MemoryFileStore(TimeProvider clock) : IFileStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, MemoryFileContent> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal) { "" };
    private readonly HashSet<string> _locks = new(StringComparer.Ordinal);

    public bool IsInMemory => true;

    /// <summary>Bytes of all files together.</summary>
    public long Bytes
    {
        get { lock (_gate) return _files.Values.Sum(static file => file.Length); }
    }

    public bool FileExists(string path)
    {
        lock (_gate) return _files.ContainsKey(Name(path));
    }

    public bool FolderExists(string path)
    {
        lock (_gate) return _folders.Contains(Name(path));
    }

    public IReadOnlyList<StoredEntry> List(string folder)
    {
        var name = Name(folder);
        lock (_gate)
        {
            NeedFolder(name);
            var within = name + "/";
            return
            [
                .. _files.Where(file => IsChild(file.Key, within)).Select(file => new StoredEntry(file.Key[within.Length..], false, file.Value.Length)),
                .. _folders.Where(path => IsChild(path, within)).Select(path => new StoredEntry(path[within.Length..], true, 0)),
            ];
        }
    }

    public StoredFile Open(string path, FileOpening opening)
    {
        var name = Name(path);
        lock (_gate)
        {
            if (_folders.Contains(name)) throw new IOException($"{path} is a folder.");
            if (_files.TryGetValue(name, out var content))
            {
                if (opening == FileOpening.CreateNew) throw new IOException($"{path} exists.");
                return new MemoryFile(path, content, clock);
            }

            if (opening is FileOpening.Read or FileOpening.ReadWrite) throw new FileNotFoundException($"{path} does not exist.", path);
            NeedFolder(Parent(name));
            content = new MemoryFileContent { WrittenMs = clock.GetUtcNow().ToUnixTimeMilliseconds() };
            _files.Add(name, content);
            return new MemoryFile(path, content, clock);
        }
    }

    public void CreateFolder(string path)
    {
        lock (_gate)
        {
            for (var name = Name(path); _folders.Add(name); name = Parent(name))
            {
                // Up to the first that was there.
            }
        }
    }

    public void Rename(string from, string to)
    {
        var (old, name) = (Name(from), Name(to));
        lock (_gate)
        {
            NeedFolder(Parent(name));
            if (_files.Remove(old, out var content))
            {
                _files[name] = content;
                return;
            }

            if (!_folders.Contains(old)) throw new FileNotFoundException($"{from} does not exist.", from);
            if (_folders.Contains(name)) throw new IOException($"{to} exists.");
            foreach (var path in _folders.Where(path => IsWithin(path, old)).ToList())
            {
                _ = _folders.Remove(path);
                _ = _folders.Add(name + path[old.Length..]);
            }

            foreach (var path in _files.Keys.Where(path => IsWithin(path, old)).ToList())
            {
                _ = _files.Remove(path, out var file);
                _files.Add(name + path[old.Length..], file!);
            }
        }
    }

    public void Delete(string path)
    {
        lock (_gate) _ = _files.Remove(Name(path));
    }

    public void DeleteFolder(string path)
    {
        var name = Name(path);
        lock (_gate)
        {
            _ = _folders.RemoveWhere(folder => IsWithin(folder, name));
            foreach (var file in _files.Keys.Where(file => IsWithin(file, name)).ToList()) _ = _files.Remove(file);
        }
    }

    public void SyncFolder(string path)
    {
        lock (_gate) NeedFolder(Name(path));
    }

    public long LastWriteMs(string path)
    {
        lock (_gate)
        {
            return _files.TryGetValue(Name(path), out var file) ? file.WrittenMs : throw new FileNotFoundException($"{path} does not exist.", path);
        }
    }

    public void MakeReadOnly(string path)
    {
        // Nobody else is here to be kept out.
    }

    public (long TotalBytes, long UsableBytes) Space(string path) => (-1, -1);

    public IDisposable? TryLock(string path)
    {
        lock (_gate) return _locks.Add(Name(path)) ? new HeldLock(this, Name(path)) : null;
    }

    private static bool IsChild(string path, string within) =>
        path.Length > within.Length && path.StartsWith(within, StringComparison.Ordinal) && path.IndexOf('/', within.Length) < 0;

    private static bool IsWithin(string path, string folder) =>
        path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || path[folder.Length] == '/');

    // One spelling of a path on every system.
    private static string Name(string path) => path.Replace('\\', '/').TrimEnd('/');

    private static string Parent(string name) => name.LastIndexOf('/') is > 0 and var end ? name[..end] : "";

    private void NeedFolder(string name)
    {
        if (!_folders.Contains(name)) throw new DirectoryNotFoundException($"{name} is no folder.");
    }

    private sealed class HeldLock(MemoryFileStore store, string name) : IDisposable
    {
        public void Dispose()
        {
            lock (store._gate) _ = store._locks.Remove(name);
        }
    }
}
