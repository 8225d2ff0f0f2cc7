using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Server.Transport;

/// <summary>
/// The socket transport below Bedrock's connection seam. A socket's completion runs the connection's next step on the socket's own
/// thread: receive, parse, append, answer. There is one such thread a processor.
/// </summary>
internal sealed class SocketTransport : IConnectionListenerFactory, IConnectionFactory, IDisposable
{
    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    private readonly SocketTransportOptions _options;
    private readonly ConcurrentDictionary<SocketConnection, byte> _open = new();
    private readonly ITimer _sweep;

    public SocketTransport(SocketTransportOptions options, TimeProvider time)
    {
        _options = options;
        _sweep = time.CreateTimer(static state => ((SocketTransport)state!).Sweep(), this, options.SweepInterval, options.SweepInterval);
    }

    /// <summary>
    /// Whether sockets that hold the same port have to ask for it. On Linux any number may be bound as long as one at most listens, so that the kernel refuses
    /// a second listener; what they would ask for there is to share the connections too.
    /// </summary>
    private static bool MustAskToShare => !OperatingSystem.IsLinux();

    /// <summary>Memory of all connections of this transport.</summary>
    public BlockPool Pool { get; } = new();

    /// <summary>Connections that are open now.</summary>
    public int OpenConnections => _open.Count;

    /// <summary>
    /// Asks the runtime to complete sockets inline. It reads the variable when the first socket of the process is used, so this
    /// must come before any; a value that the user gave stays.
    /// </summary>
    public static void CompleteInline()
    {
        if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
        {
            Environment.SetEnvironmentVariable(InlineCompletions, "1");
        }
    }

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listening = Bound((IPEndPoint)endpoint, _options.SharesPorts);
        try
        {
            listening.Listen(_options.Backlog);
        }
        catch
        {
            listening.Dispose();
            throw;
        }

        return new ValueTask<IConnectionListener>(new SocketConnectionListener(listening, _options, Pool, _open));
    }

    /// <summary>Connects to another node, by address or by name. Of a name that has several addresses one is taken that answers.</summary>
    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
            Prepare(socket, _options);
            return new SocketConnection(socket, $"{socket.LocalEndPoint}-{socket.RemoteEndPoint}", Pool, _open);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sets what every connected socket of the transport has.</summary>
    internal static void Prepare(Socket socket, SocketTransportOptions options)
    {
        socket.NoDelay = true;

        // For sendfile; the runtime makes a socket non-blocking only with its first asynchronous wait.
        socket.Blocking = false;
        if (options.KeepAlive)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        }

        if (options.SendBufferBytes > 0)
        {
            socket.SendBufferSize = options.SendBufferBytes;
        }

        if (options.ReceiveBufferBytes > 0)
        {
            socket.ReceiveBufferSize = options.ReceiveBufferBytes;
        }
    }

    /// <summary>A socket that has its address and does not listen yet.</summary>
    internal static Socket Bound(IPEndPoint address, bool sharesPorts)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                // The wildcard serves both families; an address of one's own serves what it names.
                socket.DualMode = address.Address.Equals(IPAddress.IPv6Any);
            }

            if (sharesPorts && MustAskToShare)
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            }

            socket.Bind(address);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Closes every connection that is still open, at the end of a shutdown.</summary>
    public void AbortConnections()
    {
        foreach (var connection in _open.Keys)
        {
            connection.Abort(new ConnectionAbortedException("The broker shuts down."));
        }
    }

    public void Dispose() => _sweep.Dispose();

    private void Sweep()
    {
        foreach (var (connection, _) in _open)
        {
            connection.Sweep();
        }

        if (Pool.Trim() && _options.CollectsGarbage)
        {
            // Blocking, because only this kind gives memory back at once; the heap is small by then, so it takes milliseconds.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }
}
