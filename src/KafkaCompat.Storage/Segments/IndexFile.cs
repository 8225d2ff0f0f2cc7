using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>An index as a file, which its writer holds open between changes.</summary>
internal abstract class IndexFile(SegmentPlace place, string kind, string suffix)
{
    private StoredFile? _file;
    private bool _isUnsynced;

    public string Path => Name.Path;

    /// <summary>The file by its name, for reading.</summary>
    protected SegmentFile Name { get; } = new(place, kind, suffix);

    public void Sync()
    {
        if (!_isUnsynced)
            return;
        // What can be refused comes first; and it is cleared before the sync, so that what is written beside it asks for another one.
        var file = _file ??= Name.Open(FileOpening.ReadWrite);
        _isUnsynced = false;
        file.Sync();
    }

    public void CloseFile()
    {
        _file?.Dispose();
        _file = null;
    }

    public void Rename(string suffix) => Name.Rename(suffix);

    public void Delete() => Name.Delete();

    /// <summary>The file for writing, which is created if it is missing.</summary>
    protected StoredFile OpenForWriting() => _file ??= Name.Open(FileOpening.OpenOrCreate);

    /// <summary>To be called after the file was written, by this life or one before it: the next sync has something to do.</summary>
    public void Written() => _isUnsynced = true;
}
