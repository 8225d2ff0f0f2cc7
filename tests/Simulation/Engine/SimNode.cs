using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol.Records;
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
/// A machine with its disks and clock, and on it one life of the node after the other: the production composition below its sockets. It can be stopped in
/// order, killed, or lose its power at any step, and its disks fail.
/// </summary>
internal sealed class SimNode(SimScheduler scheduler, SimClock clock, Trace trace, ServerConfig config, int seed, Action<string> onFault)
{
    /// <summary>The disk of the metadata: without it the node ends.</summary>
    public const string MetadataFolder = "/data";

    /// <summary>Another disk, of partitions alone: without it the node goes on.</summary>
    public const string OtherFolder = "/more";

    private readonly List<SimLink> _links = [];
    private readonly HashSet<int> _hurt = [];
    private ForgetfulFileStore _store = new(clock);
    private SimContext? _context;
    private BrokerNode? _node;

    public NodeState State { get; private set; }

    /// <summary>Lives that have begun.</summary>
    public int Life { get; private set; }

    /// <summary>What is wrong with the disks.</summary>
    public DiskFaults Faults { get; } = new(scheduler, trace, new Random(seed + 1));

    /// <summary>Folders of partitions that have a damaged byte: errors that tell of them are right.</summary>
    public HashSet<string> Damaged { get; } = [];

    /// <summary>Whether a disk failed in a life of the node.</summary>
    public bool WasHurt(int life) => _hurt.Contains(life) || (life == Life && Faults.Struck is not null);

    /// <summary>Where the present life waits for its disk; null where there is none.</summary>
    public SimThreads? Disk { get; private set; }

    /// <summary>Begins a life.</summary>
    public void Start()
    {
        if (Faults.Struck is not null)
        {
            _ = _hurt.Add(Life);
        }

        Faults.Forget();
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

    /// <summary>Ends the life at once, as <c>kill -9</c> does, or a power cut; where there is none the power alone may be cut.</summary>
    public void Kill(bool withPower)
    {
        trace.Add($"{(withPower ? "power cut" : "kill")} {_context?.Name}");
        _context?.Die();
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

    /// <summary>One bit of a partition's records is flipped where they lie. Where; null where there are none.</summary>
    public string? Flip(string partition, Random random)
    {
        var folder = $"{MetadataFolder}/{partition}";
        folder = _store.FolderExists(folder) ? folder : $"{OtherFolder}/{partition}";
        var segments = (_store.FolderExists(folder) ? _store.List(folder) : [])
            .Where(static entry => entry.Name.EndsWith(".log", StringComparison.Ordinal) && entry.Length > 0).ToList();
        if (segments.Count == 0)
        {
            return null;
        }

        var segment = segments[random.Next(segments.Count)];
        using var file = _store.Open($"{folder}/{segment.Name}", FileOpening.ReadWrite);
        var bytes = new byte[segment.Length];
        _ = file.Read(0, bytes);
        var position = CheckedPosition(bytes, random);
        bytes[position] ^= (byte)(1 << random.Next(8));
        file.Write(position, bytes.AsSpan(position, 1));
        _ = Damaged.Add(partition);
        var where = $"{file.Path} {position} of {segment.Length}";
        trace.Add($"flip {where}");
        return where;
    }

    /// <summary>A byte that somebody can find to be damaged: a batch's checksum covers neither its offset nor its leader's epoch.</summary>
    private static int CheckedPosition(byte[] segment, Random random)
    {
        var batches = new List<(int Start, int Size)>();
        var start = 0;
        while (RecordBatchHeader.TryRead(segment.AsSpan(start), out var header) && header.BatchLength > 0 && start + header.SizeInBytes <= segment.Length)
        {
            batches.Add((start, header.SizeInBytes));
            start += header.SizeInBytes;
        }

        var batch = batches.Count == 0 ? (Start: 0, Size: segment.Length) : batches[random.Next(batches.Count)];
        var within = random.Next(RecordBatchHeader.BatchLengthPosition, Math.Max(batch.Size, RecordBatchHeader.BatchLengthPosition + 1));
        var isEpoch = within is >= RecordBatchHeader.PartitionLeaderEpochPosition and < RecordBatchHeader.MagicPosition;
        return Math.Min(batch.Start + (isEpoch ? RecordBatchHeader.MagicPosition : within), segment.Length - 1);
    }

    /// <summary>Logs that a full disk took a part of a write of, and that were not cut again.</summary>
    public IEnumerable<string> StillTorn() => Faults.Torn
        .Where(torn => torn.Path.EndsWith(".log", StringComparison.Ordinal) && _store.FileExists(torn.Path))
        .Where(torn =>
        {
            using var file = _store.Open(torn.Path, FileOpening.Read);
            return file.Length > torn.Length;
        })
        .Select(static torn => $"{torn.Path} at {torn.Length}");

    private async Task Live(SimContext context)
    {
        var threads = new SimThreads(scheduler, context, new Random(seed + (Life * 7)));
        Disk = threads;
        BrokerNode? node = null;
        try
        {
            node = await BrokerNode.StartAsync(
                config, new SimDisk(_store, trace, Faults), clock.For(context), new Random(seed + Life), new SimLogs(trace, context.Name, OnError), threads,
                threads, new NodeSeams { Turns = context.Turns });
            trace.Add($"serves {context.Name}");
            (_node, State) = (node, NodeState.Serving);
            await node.Completion;
            if (State == NodeState.Serving)
            {
                onFault($"{context.Name} ended by itself");
            }
        }
        catch (IOException) when (Faults.Struck == MetadataFolder)
        {
            trace.Add($"{context.Name} is without its metadata");
            State = NodeState.Stopping;
            await End(context, node);
        }
        catch (Exception failure)
        {
            onFault($"{context.Name} failed: {failure}");
        }
    }

    private void OnError(string line)
    {
        // What a start cuts off is told, of the metadata as an error; whether anything is lost by it, those know who had an acknowledgement.
        if (Faults.Struck is null && !Damaged.Any(line.Contains) && !line.Contains("was cut to end at offset", StringComparison.Ordinal))
        {
            onFault(line);
        }
    }

    private async Task End(SimContext context, BrokerNode? node)
    {
        try
        {
            if (node is not null)
            {
                _ = await node.Broker.Drain();
                await node.DisposeAsync();
            }
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
