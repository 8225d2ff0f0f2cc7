using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace KafkaCompat.Server.Surroundings;

/// <summary>
/// Tells systemd how the program stands, where it was started by a unit of <c>Type=notify</c>: ready, stopping, and with <c>WatchdogSec=</c> that it is alive.
/// A datagram to the socket that <c>NOTIFY_SOCKET</c> names; without it nothing is sent.
/// </summary>
internal sealed class SystemdNotifier : IDisposable
{
    private const string SocketVariable = "NOTIFY_SOCKET";
    private const string WatchdogVariable = "WATCHDOG_USEC";

    private readonly string? _path = Environment.GetEnvironmentVariable(SocketVariable) is { Length: > 0 } path ? path : null;
    private Timer? _watchdog;

    /// <summary>The node serves. From now on the watchdog hears of it while <paramref name="isAlive"/>.</summary>
    public void Ready(string status, Func<bool> isAlive)
    {
        Notify($"READY=1\nSTATUS={status}");
        if (_path is not null
            && long.TryParse(Environment.GetEnvironmentVariable(WatchdogVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            && microseconds > 0)
        {
            // Twice as often as it has to be, as systemd advises. The timer fires on the pool that the node's work runs on: one that is stuck is not alive.
            var half = TimeSpan.FromMicroseconds(microseconds / 2.0);
            _watchdog = new Timer(_ => NotifyAlive(isAlive), null, half, half);
        }
    }

    public void Stopping() => Notify("STOPPING=1");

    public void Dispose() => _watchdog?.Dispose();

    private void NotifyAlive(Func<bool> isAlive)
    {
        if (isAlive())
        {
            Notify("WATCHDOG=1");
        }
    }

    private void Notify(string state)
    {
        if (_path is null)
        {
            return;
        }

        try
        {
            // Without blocking: a systemd that does not read must not hold up the node.
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };

            // A name that begins with @ is in the abstract namespace, where that is a zero byte.
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(_path[0] == '@' ? "\0" + _path[1..] : _path));
        }
        catch (Exception e) when (e is SocketException or ArgumentException or PlatformNotSupportedException)
        {
            // Whoever started this does not listen any more, or its path is none; the node does not depend on it.
        }
    }
}
