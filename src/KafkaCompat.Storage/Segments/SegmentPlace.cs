using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// The folder of a segment, for its files: a broker has many thousands of them, which keep no path of their own, and no lock: whoever opens one by its
/// name, or gives one another, holds the place. Another segment's files can get the
/// same names later, so nobody opens one once the segment is closed: a reader that still holds the segment gets an error, and never meets the other file.
/// </summary>
internal sealed class SegmentPlace(IFileStore files, string folder, long baseOffset)
{
    private string _folder = folder;

    public IFileStore Files => files;

    /// <summary>The first offset, which the files are named by.</summary>
    public long BaseOffset => baseOffset;

    public string Folder => Volatile.Read(ref _folder);

    public bool IsClosed { get; private set; }

    public string PathOf(string ending) => Path.Combine(Folder, SegmentFiles.Name(baseOffset, ending));

    /// <summary>The folder has another name.</summary>
    public void Moved(string to)
    {
        lock (this)
            Volatile.Write(ref _folder, to);
    }

    /// <summary>From now on nobody opens a file here: its name may soon be another's.</summary>
    public void Close()
    {
        lock (this)
            IsClosed = true;
    }
}
