using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KafkaCompat.Storage.Files;

/// <summary>
/// The system calls that the class library lacks or gets wrong: it swallows a failed fsync, and has no fsync of a folder
/// and no preallocation that leaves the length alone.
/// </summary>
internal static partial class NativeFile
{
    private const int InterruptedCall = 4;
    private const int FullFsyncOfMacOS = 51;
    private const int KeepSize = 1;
    private const uint WaitBefore = 1, StartToWrite = 2, WaitAfter = 4;
    private const int WillNotNeed = 4;
    private const int NoEntry = 2, NoFolder = 20;
    private static readonly int NameTooLong = OperatingSystem.IsLinux() ? 36 : 63;
    private const int Exists = 0, MayEnter = 1, MayWrite = 2, MayRead = 4;
    private const int WouldBlockOnLinux = 11, WouldBlockElsewhere = 35;
    private const int SharingViolation = unchecked((int)0x80070020), LockViolation = unchecked((int)0x80070021);
    private const int WhoLocks = 5;
    private const short WriteLock = 1, Unlocked = 2;
    private const int NotSupported = 38, NotOnPipes = 29, InvalidArgument = 22;

    /// <summary>For a name that the class library says is not there: false where nothing has it; throws if that is not known.</summary>
    public static bool RequireSeen(string path)
    {
        if (OperatingSystem.IsWindows() || Access(path, Exists) == 0)
            return false;
        var error = Marshal.GetLastPInvokeError();
        return error is NoEntry or NoFolder || error == NameTooLong ? false
            : throw new IOException($"{path} cannot be inspected: {new Win32Exception(error).Message}", error);
    }

    /// <summary>Throws where this process may not list, enter or write a folder, or its file system is read-only.</summary>
    public static void RequireUsable(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        foreach ((var how, var verb) in (ReadOnlySpan<(int, string)>)[(MayRead | MayEnter, "read"), (MayWrite | MayEnter, "written")])
        {
            if (Access(folder, how) != 0)
                throw new IOException($"{folder} cannot be {verb}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Whether a lock could not be taken because another process has it.</summary>
    public static bool IsHeldByAnother(IOException failure) => OperatingSystem.IsWindows()
        ? failure.HResult is SharingViolation or LockViolation
        : failure.HResult == (OperatingSystem.IsLinux() ? WouldBlockOnLinux : WouldBlockElsewhere);

    /// <summary>Whether another process holds a record lock on a file, on Linux. What this process holds itself does not count.</summary>
    public static bool IsLockedByAnother(string path)
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            return false;
        using var file = OpenReadOnly(path, 0);
        var wanted = new RecordLock { Type = WriteLock };
        return !file.IsInvalid && AskLock(file, WhoLocks, ref wanted) == 0 && wanted.Type != Unlocked;
    }

    /// <summary>Makes a file's bytes and length durable, or throws.</summary>
    public static void Sync(SafeFileHandle handle, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            if (!FlushFileBuffers(handle))
                throw Failure("FlushFileBuffers", path);
            return;
        }
        int result;
        do
        {
            // fsync of macOS leaves bytes in the drive's cache; F_FULLFSYNC does not.
            result = OperatingSystem.IsLinux() ? FDataSync(handle) : OperatingSystem.IsMacOS() ? FControl(handle, FullFsyncOfMacOS) : FSync(handle);
        }
        while (result != 0 && Marshal.GetLastPInvokeError() == InterruptedCall);
        if (result != 0)
            throw Failure("fsync", path);
    }

    /// <summary>Makes the names in a folder durable, or throws. Windows journals them itself and offers no call.</summary>
    public static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        using var folder = OpenReadOnly(path, 0);
        if (folder.IsInvalid)
            throw Failure("open", path);
        int result;
        do
            result = FSync(folder);
        while (result != 0 && Marshal.GetLastPInvokeError() == InterruptedCall);
        if (result != 0)
            throw Failure("fsync", path);
    }

    /// <summary>
    /// The descriptor that the next file gets, the lowest that is free, on Linux and macOS. Where none is free or that is not known it is the first, and
    /// opening the file shows it.
    /// </summary>
    public static int NextDescriptor()
    {
        var next = Duplicate(0);
        if (next < 0)
            return 0;
        _ = Close(next);
        return next;
    }

    /// <summary>Reserves blocks behind the end of a file. Silent where that is not possible: it is a wish.</summary>
    public static void Preallocate(SafeFileHandle handle, long position, long length)
    {
        if (OperatingSystem.IsLinux() && length > 0)
            _ = FAllocate(handle, KeepSize, position, length);
    }

    /// <summary>Begins to write a range to the disk, on Linux; throws where the disk has refused an earlier write of it.</summary>
    public static void StartWriting(SafeFileHandle handle, string path, long position, long length) => SyncRange(handle, path, position, length, StartToWrite);

    /// <summary>Waits for the writes of a range, then drops its pages, on Linux.</summary>
    public static void DropPages(SafeFileHandle handle, string path, long position, long length)
    {
        SyncRange(handle, path, position, length, WaitBefore | StartToWrite | WaitAfter);
        if (OperatingSystem.IsLinux())
            _ = FAdvise(handle, position, length, WillNotNeed);
    }

    private static void SyncRange(SafeFileHandle handle, string path, long position, long length, uint flags)
    {
        if (!OperatingSystem.IsLinux() || SyncFileRange(handle, position, length, flags) == 0)
            return;
        if (Marshal.GetLastPInvokeError() is not (NotSupported or NotOnPipes or InvalidArgument or InterruptedCall))
            throw Failure("sync_file_range", path);
    }

    /// <summary>A lock of a whole file as Linux describes it to 64-bit processes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct RecordLock
    {
        public short Type;
        public short From;
        public long Start;
        public long Length;
        public int Process;
    }

    private static IOException Failure(string call, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{call} of {path} failed: {new Win32Exception(error).Message} ({error})", error);
    }

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int how);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FControl(SafeFileHandle handle, int command);

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int AskLock(SafeFileHandle handle, int command, ref RecordLock wanted);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenReadOnly(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle handle, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle handle, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "posix_fadvise", SetLastError = true)]
    private static partial int FAdvise(SafeFileHandle handle, long offset, long length, int advice);

    [LibraryImport("kernel32", EntryPoint = "FlushFileBuffers", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FlushFileBuffers(SafeFileHandle handle);
}
