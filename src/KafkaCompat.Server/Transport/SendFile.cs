using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KafkaCompat.Server.Transport;

/// <summary>
/// sendfile(2): pages go from the page cache to the socket without a copy into this process. <c>Socket.SendPacketsAsync</c> does the same, but
/// wants a FileStream and allocates several objects a call.
/// </summary>
internal static partial class SendFile
{
    private const int Interrupted = 4;
    private const int IoError = 5;
    private const int WouldBlock = 11;
    private const int BadArgument = 22;
    private const int NotImplemented = 38;

    /// <summary>Below this a copy costs less than the system call's set-up.</summary>
    public const int WorthwhileFrom = 32 * 1024;

    public static bool IsSupported { get; } = OperatingSystem.IsLinux();

    public enum Outcome
    {
        Sent,
        WouldBlock,
        Unsupported,
        EndOfFile,

        /// <summary>The file could not be read: a socket that fails says something else.</summary>
        DiskFailed,
    }

    /// <summary>Sends what the socket takes now. The socket must be non-blocking.</summary>
    public static Outcome Try(Socket socket, SafeFileHandle file, long position, int count, out int sent)
    {
        while (true)
        {
            var taken = Native(socket.SafeHandle, file, ref position, (nuint)count);
            if (taken > 0)
            {
                sent = (int)taken;
                return Outcome.Sent;
            }

            sent = 0;
            if (taken == 0)
            {
                return Outcome.EndOfFile;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    continue;
                case WouldBlock:
                    return Outcome.WouldBlock;
                case BadArgument or NotImplemented:
                    return Outcome.Unsupported;
                case IoError:
                    return Outcome.DiskFailed;
                default:
                    throw new SocketException((int)SocketError.ConnectionReset);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sendfile64", SetLastError = true)]
    private static partial nint Native(SafeHandle socket, SafeFileHandle file, ref long position, nuint count);
}
