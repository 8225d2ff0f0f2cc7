using System.IO.Pipelines;
using System.Net;
using KafkaCompat.Broker.Tests.Connections;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Broker.Tests.Peers;

/// <summary>Connections to a node in this process.</summary>
internal sealed class NodeInMemory(TestNode node, string listener) : IConnectionFactory
{
    public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var (near, far) = (new MemoryConnection(), new MemoryConnection());
        _ = node.Serve(far, listener);
        _ = Pump(near.Client.Input, far.Client.Output);
        _ = Pump(far.Client.Input, near.Client.Output);
        return new(near);
    }

    private static async Task Pump(PipeReader from, PipeWriter to)
    {
        try
        {
            await from.CopyToAsync(to);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // One end has gone.
        }
        await to.CompleteAsync();
    }
}
