using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace KafkaCompat.Server.Transport;

/// <summary>
/// How much a socket holds that the remote end has not acknowledged, sent or not. The runtime has no call for it.
/// </summary>
internal static partial class SendQueue
{
    /// <summary>SIOCOUTQ, by its older name TIOCOUTQ: the same number on every processor that .NET runs on.</summary>
    private const nuint OutputQueue = 0x5411;

    /// <summary>Null where the system does not say, or the socket is closed.</summary>
    public static long? BytesOf(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        try
        {
            return Ask(socket.SafeHandle, OutputQueue, out var bytes) == 0 ? bytes : null;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ask(SafeHandle socket, nuint what, out int bytes);
}
