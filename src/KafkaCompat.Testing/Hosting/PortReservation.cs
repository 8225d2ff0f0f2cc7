using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KafkaCompat.Server.Transport;

namespace KafkaCompat.Testing.Hosting;

/// <summary>
/// A port of this machine that stays ours for as long as this lives, while somebody listens on it and while nobody does. The socket is
/// bound and never listens, so it takes no connection; the listener shares the port with it.
/// </summary>
/// <remarks>
/// Sharing says nothing of whose the other socket is, so no two reservations of a port may live at once. A table says so within the process. On Linux a socket
/// of an abstract name says so between processes: the kernel gives a name once, and takes it back when its process ends, however it ends.
/// </remarks>
internal sealed class PortReservation : IDisposable
{
    private static readonly ConcurrentDictionary<int, PortReservation> Reserved = new();

    private readonly Socket? _claim = OperatingSystem.IsLinux() ? new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : null;
    private Socket? _socket;

    /// <exception cref="ArgumentException">The port is taken, or there is none of that number.</exception>
    public PortReservation(int port = 0)
    {
        try
        {
            Port = Reserve(port);
        }
        catch (Exception e) when (e is SocketException or ArgumentOutOfRangeException)
        {
            Dispose();
            throw new ArgumentException($"Port {port} cannot be used: {(e is SocketException ? e.Message : $"a port is 0 to {IPEndPoint.MaxPort}")}",
                nameof(port), e);
        }
    }

    public int Port { get; }

    /// <summary>The name whose owner has a port's reservation.</summary>
    internal static UnixDomainSocketEndPoint NameOf(int port) => new(string.Create(CultureInfo.InvariantCulture, $"\0kafkacompat-testing-port-{port}"));

    public void Dispose()
    {
        _ = Reserved.TryRemove(KeyValuePair.Create(Port, this));
        _socket?.Dispose();
        _claim?.Dispose();
    }

    private int Reserve(int port)
    {
        var address = new IPEndPoint(IPAddress.Loopback, port);
        // A socket that shares asks nobody whether the port is free, where sharing has to be asked for.
        if (port != 0) SocketTransport.Bound(address, sharesPorts: false).Dispose();
        _socket = SocketTransport.Bound(address, sharesPorts: true);
        var bound = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        if (!Reserved.TryAdd(bound, this)) throw new SocketException((int)SocketError.AddressAlreadyInUse);
        try
        {
            _claim?.Bind(NameOf(bound));
        }
        catch
        {
            _ = Reserved.TryRemove(bound, out _);
            throw;
        }

        return bound;
    }
}
