using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// One file of a segment, by its name. Another segment's file can get the same name later, so whoever opens the file by it excludes whoever gives it another
/// one, and nobody opens it once the segment is closed: a reader that still holds the segment is told so, and never meets the other file.
/// </summary>
internal sealed class SegmentFile(IFileStore files, string path)
{
    private readonly Lock _naming = new();
    private string _path = path;
    private bool _isClosed;

    public string Path => Volatile.Read(ref _path);

    public IFileStore Files => files;

    /// <summary>Throws <see cref="ObjectDisposedException"/> where the segment is closed.</summary>
    public StoredFile Open(FileOpening opening)
    {
        lock (_naming)
        {
            RequireOpen();
            return files.Open(_path, opening);
        }
    }

    /// <summary>The file for reading, or null where there is none.</summary>
    public StoredFile? TryOpen()
    {
        lock (_naming)
        {
            RequireOpen();
            return files.FileExists(_path) ? files.Open(_path, FileOpening.Read) : null;
        }
    }

    public bool Exists()
    {
        lock (_naming)
        {
            RequireOpen();
            return files.FileExists(_path);
        }
    }

    public long LastWriteMs()
    {
        lock (_naming)
        {
            RequireOpen();
            return files.LastWriteMs(_path);
        }
    }

    /// <summary>Gives the file another name, where there is one.</summary>
    public void Rename(string to)
    {
        lock (_naming)
        {
            if (to != _path && files.FileExists(_path))
                files.Rename(_path, to);
            Volatile.Write(ref _path, to);
        }
    }

    /// <summary>The folder that holds the file has another name.</summary>
    public void Moved(string to)
    {
        lock (_naming)
            Volatile.Write(ref _path, to);
    }

    /// <summary>From now on nobody opens it: its name may soon be another file's.</summary>
    public void Close()
    {
        lock (_naming)
            _isClosed = true;
    }

    public void Delete()
    {
        lock (_naming)
            files.Delete(_path);
    }

    private void RequireOpen() => ObjectDisposedException.ThrowIf(_isClosed, this);
}
