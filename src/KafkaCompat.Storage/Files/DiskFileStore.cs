#pragma warning disable RS0030 // This folder is the owner of the disk: all others come through IFileStore.
using System.IO.Enumeration;
using Microsoft.Win32.SafeHandles;

namespace KafkaCompat.Storage.Files;

/// <summary>The disk of this machine.</summary>
/// <param name="firstReservedDescriptor">The first descriptor that is not for files: one that would get it or a later one is not opened, as where there is none
/// left.</param>
public sealed class DiskFileStore(long firstReservedDescriptor = long.MaxValue) : IFileStore
{
    /// <summary>Links that a path is followed through, as Linux has it; what leads through more leads in a circle.</summary>
    private const int MaxLinks = 40;

    /// <summary>File systems of the kernel, whose files are its own state. They take no others, whatever their permissions say.</summary>
    private static readonly string[] s_kernels = ["proc", "sysfs", "cgroupfs", "cgroup2fs"];

    private static readonly EnumerationOptions s_allEntries = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    private long _firstReservedDescriptor = firstReservedDescriptor;

    /// <summary>The node stops: to close its files it needs more of them for a moment, and nothing else begins.</summary>
    public void GiveReserved() => Volatile.Write(ref _firstReservedDescriptor, long.MaxValue);

    public bool FileExists(string path) => File.Exists(path) || NativeFile.RequireSeen(path);

    public bool FolderExists(string path) => Directory.Exists(path) || NativeFile.RequireSeen(path);

    public void RequireUsable(string folder)
    {
        NativeFile.RequireUsable(folder);
        if (FormatOf(folder) is { } format && s_kernels.Contains(format, StringComparer.Ordinal))
            throw new IOException($"{folder} takes no files and no folders: it is of the kernel's file system {format}.");
    }

    public string Resolve(string path)
    {
        var whole = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var at = Path.GetPathRoot(whole)!;
        var ahead = new Stack<string>(Parts(whole[at.Length..]));
        for (var links = 0; ahead.TryPop(out var part);)
        {
            if (part == "..")
            {
                at = Path.GetDirectoryName(at) ?? at;
                continue;
            }
            var next = Path.Combine(at, part);
            if (LinkTarget(next) is not { } target)
            {
                at = next;
                continue;
            }
            if (++links > MaxLinks)
                return whole;
            // The dots of a link count from the folder that it lies in.
            var root = Path.GetPathRoot(target)!;
            at = root.Length > 0 ? root : at;
            foreach (var each in Parts(target[root.Length..]))
                ahead.Push(each);
        }
        return at;

        static IEnumerable<string> Parts(string text) =>
            text.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Where(static part => part != ".").Reverse();
    }

    public IReadOnlyList<StoredEntry> List(string folder)
    {
        var entries = new List<StoredEntry>();
        Checked(folder, folder =>
        {
            // The folder says itself what is a folder; only of a file is there more to ask, which shows where it fails.
            foreach ((var name, var isFolder) in new FileSystemEnumerable<(string, bool)>(
                folder, static (ref entry) => (entry.FileName.ToString(), entry.IsDirectory), s_allEntries))
            {
                entries.Add(new StoredEntry(name, isFolder, isFolder ? 0 : new FileInfo(Path.Combine(folder, name)).Length));
            }
        });
        return entries;
    }

    public StoredFile Open(string path, FileOpening opening)
    {
        var mode = opening switch
        {
            FileOpening.CreateNew => FileMode.CreateNew,
            FileOpening.OpenOrCreate => FileMode.OpenOrCreate,
            _ => FileMode.Open,
        };
        var access = opening == FileOpening.Read ? FileAccess.Read : FileAccess.ReadWrite;
        const FileShare share = FileShare.ReadWrite | FileShare.Delete;
        // Where a file may be created it is asked before, so that the refusal changes nothing. Else the file's own number shows it, which costs no call.
        var mayCreate = opening is FileOpening.CreateNew or FileOpening.OpenOrCreate;
        if (mayCreate && Volatile.Read(ref _firstReservedDescriptor) is var reserved and < long.MaxValue && NativeFile.NextDescriptor() >= reserved)
            throw FileShortage.OfDescriptors(path);
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, mode, access, share);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IOException(denied.Message, denied);
        }
        if (mayCreate || handle.DangerousGetHandle() < Volatile.Read(ref _firstReservedDescriptor))
            return new DiskFile(path, handle);
        handle.Dispose();
        throw FileShortage.OfDescriptors(path);
    }

    public void CreateFolder(string path) => Checked(path, static path =>
    {
        try
        {
            _ = Directory.CreateDirectory(path);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            // The class library looks for the folder that it was to make. Parents that are missing are made too, so it is a file system without folders of
            // others: /proc.
            var parent = Path.GetDirectoryName(Path.GetFullPath(path));
            while (parent is not null && !Directory.Exists(parent))
                parent = Path.GetDirectoryName(parent);
            throw new IOException($"{path} cannot be created: {parent} takes no new folders", failure);
        }
    });

    public void Rename(string from, string to) => Checked(from, from =>
    {
        if (FolderExists(from))
            Directory.Move(from, to);
        else
            File.Move(from, to, overwrite: true);
    });

    public void Delete(string path) => Checked(path, static p =>
    {
        try
        {
            File.Delete(p);
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing of that name: the wish is fulfilled.
        }
    });

    public void DeleteFolder(string path) => Checked(path, p =>
    {
        if (FolderExists(p))
            Directory.Delete(p, recursive: true);
    });

    public void SyncFolder(string path) => NativeFile.SyncFolder(path);

    public long LastWriteMs(string path)
    {
        long ms = 0;
        Checked(path, path =>
        {
            // The class library has a year for a file that is absent, by which it would be older than any other.
            if (!FileExists(path))
                throw new FileNotFoundException($"Could not find file '{path}'.", path);
            ms = new DateTimeOffset(File.GetLastWriteTimeUtc(path)).ToUnixTimeMilliseconds();
        });
        return ms;
    }

    public void MakeReadOnly(string path) => Checked(path, static path =>
    {
        if (OperatingSystem.IsWindows())
            File.SetAttributes(path, FileAttributes.ReadOnly);
        else
            File.SetUnixFileMode(path, UnixFileMode.UserRead);
    });

    public (long TotalBytes, long UsableBytes) Space(string path)
    {
        try
        {
            var drive = new DriveInfo(Path.GetFullPath(path));
            return (drive.TotalSize, drive.AvailableFreeSpace);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return (-1, -1);
        }
    }

    public bool IsLockedByAnother(string path) => NativeFile.IsLockedByAnother(path);

    public IDisposable? TryLock(string path)
    {
        FileStream? stream = null;
        try
        {
            // FileShare.None keeps other processes of ours out; the record lock is the one that Kafka's JVM takes.
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (OperatingSystem.IsLinux() || OperatingSystem.IsWindows())
                stream.Lock(0, long.MaxValue);
            return stream;
        }
        catch (UnauthorizedAccessException denied)
        {
            stream?.Dispose();
            throw new IOException(denied.Message, denied);
        }
        catch (IOException failure) when (NativeFile.IsHeldByAnother(failure))
        {
            stream?.Dispose();
            return null;
        }
        catch
        {
            // No lock of another's: a file system that is read-only or has no locks, a disk that fails, too many open files.
            stream?.Dispose();
            throw;
        }
    }

    private static string? LinkTarget(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The user of the path gets the error.
            return null;
        }
    }

    private static string? FormatOf(string folder)
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(folder)).DriveFormat;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    // The class library reports a missing permission as an exception that is no IOException; callers know one kind of failure.
    private static void Checked(string path, Action<string> change)
    {
        try
        {
            change(path);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IOException(denied.Message, denied);
        }
    }
}
