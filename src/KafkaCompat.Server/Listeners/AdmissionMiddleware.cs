using System.Net;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Server.Surroundings;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Listeners;

/// <summary>
/// Lets connections in as the <see cref="ConnectionQuota"/> says, for listeners that share their limits. It is a delegate round the next one: it returns when
/// the connection has been handed on or turned away, so that a listener accepts no more while the next has to wait. It owns the connection to its end.
/// </summary>
internal sealed class AdmissionMiddleware(ConnectionQuota quota, OpenConnections open, ILogger logger)
{
    /// <summary>Connections past their address's quota that are kept open for a while; what comes past it is closed at once.</summary>
    private const int MaxHeldConnections = 1_000;

    private int _held;

    /// <summary>The stage of a listener before <paramref name="next"/>.</summary>
    public ConnectionDelegate Around(string listener, ConnectionDelegate next) => connection => Admit(connection, listener, next);

    /// <summary>Takes new limits, and closes what is too many by them.</summary>
    public void Apply(ServerConfig config)
    {
        quota.Apply(config);
        open.CloseQuietest(quota.Surplus, quota.MayClose);
    }

    /// <summary>Turns away who waits.</summary>
    public void Close() => quota.Close();

    private async Task Admit(ConnectionContext connection, string listener, ConnectionDelegate next)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        if (quota.IsFull(listener))
        {
            HostLogMessages.ListenerIsFull(logger, listener, quota.Count);
        }

        var entry = await quota.Enter(listener, address).ConfigureAwait(false);
        if (entry.Admission == ConnectionAdmission.AddressIsThrottled && Volatile.Read(ref _held) < MaxHeldConnections)
        {
            HostLogMessages.AddressIsThrottled(logger, listener, address, entry.HoldMs);
            _ = Hold(connection, entry.HoldMs);
            return;
        }

        if (entry.Admission != ConnectionAdmission.Admitted)
        {
            if (entry.Admission == ConnectionAdmission.AddressIsFull)
            {
                HostLogMessages.AddressIsFull(logger, listener, address);
            }

            await connection.DisposeAsync().ConfigureAwait(false);
            return;
        }

        // The connection begins on a pool thread, so that its first request does not hold up the next accept; after its first
        // wait it lives on the socket's thread.
        ThreadPool.UnsafeQueueUserWorkItem(
            static state => _ = state.Admission.Run(state.Connection, state.Listener, state.Address, state.Next),
            (Admission: this, Connection: connection, Listener: listener, Address: address, Next: next), preferLocal: false);
        open.CloseQuietest(quota.Surplus, quota.MayClose);
    }

    /// <summary>Keeps a connection open without serving it, then closes it.</summary>
    private async Task Hold(ConnectionContext connection, long holdMs)
    {
        Interlocked.Increment(ref _held);
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(holdMs), TimeProvider.System, connection.ConnectionClosed)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            Interlocked.Decrement(ref _held);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task Run(ConnectionContext connection, string listener, IPAddress address, ConnectionDelegate next)
    {
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            HostLogMessages.ConnectionFailed(logger, e, listener, address);
        }
        finally
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            quota.Leave(listener, address);
        }
    }
}
