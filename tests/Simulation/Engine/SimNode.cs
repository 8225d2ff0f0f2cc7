using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Simulation.Engine;

/// <summary>How a machine's node stands.</summary>
internal enum NodeState
{
    Down,
    Starting,
    Serving,
    Stopping,
}

/// <summary>
/// A machine with its disk and clock, and on it one life of the node after the other: the production composition below its sockets. It can be stopped in
/// order, killed, or lose its power at any step.
/// </summary>
internal sealed class SimNode(SimScheduler scheduler, SimClock clock, Trace trace, ServerConfig config, int seed, Action<string> onFault)
{
    private readonly List<SimLink> _links = [];
    private ForgetfulFileStore _store = new(clock);
    private SimContext? _context;
    private BrokerNode? _node;

    public NodeState State { get; private set; }

    /// <summary>Lives that have begun.</summary>
    public int Life { get; private set; }

    /// <summary>Where the present life waits for its disk; null where there is none.</summary>
    public SimThreads? Disk { get; private set; }

    /// <summary>Begins a life.</summary>
    public void Start()
    {
        State = NodeState.Starting;
        Life++;
        var context = _context = scheduler.Context($"node {Life}");
        trace.Add($"start {context.Name}");
        context.Post(_ => _ = Live(context), null);
    }

    /// <summary>Ends the life in order, as a signal does.</summary>
    public void Stop()
    {
        State = NodeState.Stopping;
        trace.Add($"stop {_context!.Name}");
        var (context, node) = (_context, _node!);
        context.Post(_ => _ = End(context, node), null);
    }

    /// <summary>Ends the life at once, as <c>kill -9</c> does, or a power cut.</summary>
    public void Kill(bool withPower)
    {
        trace.Add($"{(withPower ? "power cut" : "kill")} {_context!.Name}");
        _context.Die();
        _store = withPower ? _store.Crash(seed + Life) : _store.Kill();
        Ended();
    }

    /// <summary>A connection to the node; null where nobody listens.</summary>
    public SimLink? Connect(SimNetwork network, SimContext client, Action<ReadOnlyMemory<byte>?> onBytes)
    {
        if (State != NodeState.Serving)
        {
            return null;
        }

        var (node, context) = (_node!, _context!);
        var link = new SimLink(network, context, client, onBytes);
        _links.Add(link);
        context.Post(_ => _ = Serve(node, link), null);
        return link;
    }

    private async Task Live(SimContext context)
    {
        var threads = new SimThreads(scheduler, context, new Random(seed + (Life * 7)));
        Disk = threads;
        try
        {
            var node = await BrokerNode.StartAsync(
                config, new SimDisk(_store, trace), clock.For(context), new Random(seed + Life), new SimLogs(trace, context.Name, onFault), threads, threads,
                new NodeSeams { Turns = context.Turns });
            trace.Add($"serves {context.Name}");
            (_node, State) = (node, NodeState.Serving);
            await node.Completion;
            if (State == NodeState.Serving)
            {
                onFault($"{context.Name} ended by itself");
            }
        }
        catch (Exception failure)
        {
            onFault($"{context.Name} failed: {failure}");
        }
    }

    private async Task End(SimContext context, BrokerNode node)
    {
        try
        {
            _ = await node.Broker.DrainAsync();
            await node.DisposeAsync();
        }
        catch (Exception failure)
        {
            onFault($"{context.Name} did not stop in order: {failure}");
        }

        trace.Add($"stopped {context.Name}");
        // What a process has not done by its end, it does not do.
        context.Die();
        Ended();
    }

    private async Task Serve(BrokerNode node, SimLink link)
    {
        try
        {
            await node.Serve(link, "PLAINTEXT");
        }
        catch (Exception failure)
        {
            onFault($"connection {link.Number} failed: {failure}");
        }

        _ = _links.Remove(link);
    }

    private void Ended()
    {
        State = NodeState.Down;
        (_context, _node, Disk) = (null, null, null);
        foreach (var link in _links)
        {
            link.Cut();
        }

        _links.Clear();
    }
}
