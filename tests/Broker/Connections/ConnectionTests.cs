using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>
/// Tests of connections without sockets and without a node: a clock that a test moves, a timer wheel that goes by it, and the handlers that a test class is
/// about.
/// </summary>
public abstract class ConnectionTests : IDisposable
{
    private protected ConnectionTests() => Wheel = new TimerWheel(Time);

    private protected ManualTime Time { get; } = new();

    private protected TimerWheel Wheel { get; }

    /// <summary>What the connections serve.</summary>
    private protected abstract IEnumerable<ServedApi> Served { get; }

    public void Dispose()
    {
        Wheel.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected MemoryClient Connect(ConnectionLimits? limits = null, MemoryConnection? connection = null, ILogger? log = null)
    {
        connection ??= new MemoryConnection();
        return new MemoryClient(connection, Serve(connection, limits, log).Run());
    }

    private protected KafkaConnection Serve(MemoryConnection connection, ConnectionLimits? limits = null, ILogger? log = null)
    {
        log ??= NullLogger.Instance;
        return new KafkaConnection(
            connection, "PLAINTEXT", new DispatchTable(ApiListeners.Broker, Served),
            new ConnectionSurroundings(limits
                ?? ConnectionLimits.Default, new ClientQuotas(TestNode.ConfigOf(), Time), Wheel, Time, log)
            { Requests = new RequestLogger(log) });
    }
}
