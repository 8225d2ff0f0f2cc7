using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace KafkaCompat.Benchmarks.Start;

/// <summary>Asks a port for Metadata until a broker answers that it is there.</summary>
internal static class MetadataProbe
{
    /// <summary>Length, key 3, version 1, correlation id 1, no client id, no topics.</summary>
    private static readonly byte[] Request = [0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0];

    /// <summary>Waits until a Metadata answer lists a broker; false when <paramref name="patience"/> ran out or the process ended.</summary>
    public static bool WaitFor(int port, TimeSpan patience, Func<bool> gone)
    {
        var until = DateTime.UtcNow + patience;
        while (DateTime.UtcNow < until && !gone())
        {
            try
            {
                if (Ask(port))
                {
                    return true;
                }
            }
            catch (SocketException)
            {
            }

            Thread.Sleep(1);
        }

        return false;
    }

    private static bool Ask(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 2000 };
        socket.Connect(IPAddress.Loopback, port);
        socket.Send(Request);
        var frame = Receive(socket, BinaryPrimitives.ReadInt32BigEndian(Receive(socket, 4)));
        return BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(4)) > 0;
    }

    private static byte[] Receive(Socket socket, int length)
    {
        var bytes = new byte[length];
        for (var received = 0; received < length;)
        {
            var count = socket.Receive(bytes, received, length - received, SocketFlags.None);
            if (count == 0)
            {
                throw new SocketException((int)SocketError.ConnectionReset);
            }

            received += count;
        }

        return bytes;
    }
}
