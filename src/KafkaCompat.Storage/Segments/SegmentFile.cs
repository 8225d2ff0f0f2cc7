using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>One file of a segment, by its name. Whoever opens the file by it excludes whoever gives it another one.</summary>
/// <param name="place">Where the segment is, and whether it is closed.</param>
/// <param name="kind">What the file is: a constant of <see cref="SegmentFiles"/>.</param>
/// <param name="suffix">What its name ends in behind that, for as long as the segment is not of the log.</param>
internal sealed class SegmentFile(SegmentPlace place, string kind, string suffix)
{
    private string _ending = kind + suffix;

    public string Path => place.PathOf(Volatile.Read(ref _ending));

    public IFileStore Files => place.Files;

    /// <summary>Throws <see cref="ObjectDisposedException"/> where the segment is closed.</summary>
    public StoredFile Open(FileOpening opening)
    {
        lock (place)
        {
            RequireOpen();
            return Files.Open(Path, opening);
        }
    }

    /// <summary>The file for reading, or null where there is none.</summary>
    public StoredFile? TryOpen()
    {
        lock (place)
        {
            RequireOpen();
            var path = Path;
            return Files.FileExists(path) ? Files.Open(path, FileOpening.Read) : null;
        }
    }

    public bool Exists()
    {
        lock (place)
        {
            RequireOpen();
            return Files.FileExists(Path);
        }
    }

    public long LastWriteMs()
    {
        lock (place)
        {
            RequireOpen();
            return Files.LastWriteMs(Path);
        }
    }

    /// <summary>Gives the file another name, by what it ends in, where there is one.</summary>
    public void Rename(string suffix)
    {
        lock (place)
        {
            var (from, ending) = (Path, kind + suffix);
            if (ending != _ending && Files.FileExists(from))
                Files.Rename(from, place.PathOf(ending));
            Volatile.Write(ref _ending, ending);
        }
    }

    public void Delete()
    {
        lock (place)
            Files.Delete(Path);
    }

    private void RequireOpen() => ObjectDisposedException.ThrowIf(place.IsClosed, this);
}
