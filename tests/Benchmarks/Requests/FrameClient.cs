using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace KafkaCompat.Benchmarks.Requests;

/// <summary>A blocking client that sends prepared frames and receives answers into one buffer.</summary>
internal sealed class FrameClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _answer;

    public FrameClient(int port, int answerBytes = 4 * 1024 * 1024)
    {
        _answer = new byte[answerBytes];
        _socket.Connect(IPAddress.Loopback, port);
    }

    /// <summary>Sends one request and returns its answer without the length; valid until the next.</summary>
    public ReadOnlyMemory<byte> Ask(byte[] frame)
    {
        Send(frame);
        return Receive();
    }

    public void Send(byte[] frame) => _socket.Send(frame);

    /// <summary>The next answer; valid until the one after it.</summary>
    public ReadOnlyMemory<byte> Receive()
    {
        Fill(0, 4);
        var length = BinaryPrimitives.ReadInt32BigEndian(_answer);
        if (_answer.Length < length)
        {
            _answer = new byte[length];
        }

        Fill(0, length);
        return _answer.AsMemory(0, length);
    }

    public void Dispose() => _socket.Dispose();

    private void Fill(int from, int count)
    {
        for (var received = 0; received < count;)
        {
            var read = _socket.Receive(_answer, from + received, count - received, SocketFlags.None);
            if (read == 0)
            {
                throw new IOException("The broker closed the connection.");
            }

            received += read;
        }
    }
}
