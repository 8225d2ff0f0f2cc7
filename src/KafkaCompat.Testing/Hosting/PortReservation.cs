using System.Net;
using System.Net.Sockets;

namespace KafkaCompat.Testing.Hosting;

/// <summary>
/// A port of this machine that the system chose and that stays ours for as long as this lives, while somebody listens on it and while nobody does. The socket is
/// bound and never listens, so it takes no connection; the listener shares the port with it.
/// </summary>
internal sealed class PortReservation : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public PortReservation()
    {
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
    }

    public int Port { get; }

    public void Dispose() => _socket.Dispose();
}
