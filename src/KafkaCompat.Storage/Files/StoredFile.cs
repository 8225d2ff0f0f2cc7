using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace KafkaCompat.Storage.Files;

/// <summary>
/// An open file: positions instead of a cursor, so that readers and one writer need no lock among themselves.
/// It counts its users. <see cref="Dispose"/> gives up the opener's use; the file closes when the last user has let go,
/// which is what lets a segment be deleted while an answer is still being sent from it.
/// </summary>
public abstract class StoredFile : IDisposable
{
    private int _users = 1;
    private int _disposed;

    protected StoredFile(string path) => Path = path;

    public string Path { get; }

    public abstract long Length { get; }

    /// <summary>The operating system's handle for sendfile; null where there is none.</summary>
    public virtual SafeFileHandle? Handle => null;

    /// <summary>Fills the buffer from a position; fewer bytes than asked for only at the end of the file.</summary>
    public abstract int Read(long position, Span<byte> buffer);

    public abstract void Write(long position, ReadOnlySpan<byte> bytes);

    /// <summary>Writes all parts with one system call where the system can.</summary>
    public abstract void Write(long position, in ReadOnlySequence<byte> bytes);

    /// <summary>Cuts the file or extends it with zeros; what was preallocated behind the new end is given back.</summary>
    public abstract void SetLength(long length);

    /// <summary>Reserves room up to a length without changing <see cref="Length"/>; a wish that a file system may ignore.</summary>
    public abstract void Preallocate(long length);

    /// <summary>
    /// Begins to move written bytes to the disk without waiting for them. No promise that they arrive; a wish where the system has no such call.
    /// </summary>
    public virtual void StartWriting(long position, long length)
    {
    }

    /// <summary>
    /// Waits until bytes are with the disk and lets go of the memory that held them; a wish where the system has no such call. Not a <see cref="Sync"/>.
    /// </summary>
    public virtual void DropPages(long position, long length)
    {
    }

    /// <summary>Makes the bytes and the length durable. When this fails nothing is known about earlier writes, and trying again proves nothing.</summary>
    public abstract void Sync();

    /// <summary>Adds a user. False when the file is closed already.</summary>
    public bool TryRetain()
    {
        var users = Volatile.Read(ref _users);
        while (users > 0)
        {
            var seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
                return true;
            users = seen;
        }
        return false;
    }

    /// <summary>Removes a user that <see cref="TryRetain"/> added.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            Close();
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            Release();
        GC.SuppressFinalize(this);
    }

    protected abstract void Close();
}
