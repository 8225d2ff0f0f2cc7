namespace KafkaCompat.Storage.Files;

/// <summary>How a file is opened. There is no mode that truncates: ext4 flushes such files when they are closed.</summary>
public enum FileOpening
{
    /// <summary>An existing file, for reading alone.</summary>
    Read,

    /// <summary>An existing file, for reading and writing.</summary>
    ReadWrite,

    /// <summary>A file that must not exist yet.</summary>
    CreateNew,

    /// <summary>An existing file, or a new and empty one.</summary>
    OpenOrCreate,
}

/// <summary>One entry of a folder.</summary>
public readonly record struct StoredEntry(string Name, bool IsFolder, long Length);

/// <summary>
/// The only way to files. Every name is a full path. A change of names (create, rename, delete) is durable after
/// <see cref="SyncFolder"/> of the folder that holds the name, bytes are durable after <see cref="StoredFile.Sync"/>.
/// Failures are <see cref="IOException"/>s.
/// </summary>
public interface IFileStore
{
    /// <summary>Whether the files are in this process's memory, and gone with it: their place needs no mention.</summary>
    bool IsInMemory => false;

    /// <summary>
    /// Whether what was read is held until the garbage collector wants its memory, and read again then. Not where each step has to be the same in every run.
    /// </summary>
    bool HoldsWhileMemoryLasts => true;

    /// <summary>
    /// Whether there is such a file. If that is not known, for lack of a permission or because of the disk, it fails: an error is no answer.
    /// </summary>
    bool FileExists(string path);

    /// <summary>As <see cref="FileExists"/>, for a folder.</summary>
    bool FolderExists(string path);

    /// <summary>Throws where the files of a folder can't be read or written by this process, as far as that is known without doing it.</summary>
    void RequireUsable(string folder)
    {
    }

    /// <summary>
    /// The whole path of the place that a path leads to, without links: two paths to one folder have the same, whether or not there is one yet.
    /// </summary>
    string Resolve(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    /// <summary>The entries of a folder in no particular order.</summary>
    IReadOnlyList<StoredEntry> List(string folder);

    StoredFile Open(string path, FileOpening opening);

    void CreateFolder(string path);

    /// <summary>Renames a file (replacing one of the new name) or a folder.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file; one that does not exist is no failure.</summary>
    void Delete(string path);

    /// <summary>Deletes a folder with all that it holds; one that does not exist is no failure.</summary>
    void DeleteFolder(string path);

    /// <summary>Makes the names in a folder durable.</summary>
    void SyncFolder(string path);

    /// <summary>When a file was last written, in milliseconds since 1970.</summary>
    long LastWriteMs(string path);

    /// <summary>Makes a file readable by its owner alone and writable by nobody, as Kafka keeps its snapshots.</summary>
    void MakeReadOnly(string path);

    /// <summary>The bytes of the volume that holds the path, and those of them that are free; -1 where it is not known.</summary>
    (long TotalBytes, long UsableBytes) Space(string path);

    /// <summary>Whether another process holds the lock that <paramref name="path"/> stands for, as far as that is known without taking it.</summary>
    bool IsLockedByAnother(string path) => false;

    /// <summary>Takes the exclusive lock that <paramref name="path"/> stands for, or returns null where another holds it.</summary>
    IDisposable? TryLock(string path);
}
