using System.Net;
using System.Net.Sockets;

namespace KafkaCompat.Testing.Hosting;

/// <summary>
/// A port of this machine that stays ours for as long as this lives, while somebody listens on it and while nobody does. The socket is
/// bound and never listens, so it takes no connection; the listener shares the port with it.
/// </summary>
internal sealed class PortReservation : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <exception cref="ArgumentException">The port is taken, or there is none of that number.</exception>
    public PortReservation(int port = 0)
    {
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        }
        catch (Exception e) when (e is SocketException or ArgumentOutOfRangeException)
        {
            _socket.Dispose();
            throw new ArgumentException($"Port {port} cannot be used: {e.Message}", nameof(port), e);
        }
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
    }

    public int Port { get; }

    public void Dispose() => _socket.Dispose();
}
