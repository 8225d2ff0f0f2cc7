using KafkaCompat.Storage.Files;
using Microsoft.Win32.SafeHandles;

namespace KafkaCompat.Server.Transport;

/// <summary>
/// A range of a file that waits to be sent. It holds a reference on the handle, so that the file stays open although its segment is deleted and the
/// answer that named it is let go before the socket has taken the last byte.
/// </summary>
internal sealed class PendingRegion
{
    private readonly SafeFileHandle _handle;
    private bool _held;

    public PendingRegion(SafeFileHandle handle, long position, int length, DirectoryHealth? health)
    {
        handle.DangerousAddRef(ref _held);
        _handle = handle;
        Position = position;
        Left = length;
        Health = health;
    }

    public SafeFileHandle Handle => _handle;

    /// <summary>Called when the disk cannot give the bytes.</summary>
    public DirectoryHealth? Health { get; }

    /// <summary>Where the next byte to send lies.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes not sent yet.</summary>
    public int Left { get; private set; }

    public void Advance(int sent)
    {
        Position += sent;
        Left -= sent;
    }

    public void Release()
    {
        if (_held)
        {
            _held = false;
            _handle.DangerousRelease();
        }
    }
}
