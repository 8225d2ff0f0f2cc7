using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

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

    /// <summary>How long the first sync of all logs may take on a slow disk.</summary>
    private const long MaxYoungTicks = 10 * TimeSpan.TicksPerSecond;

    private readonly List<SimLink> _links = [];
    private readonly HashSet<int> _hurt = [];
    private readonly HashSet<Flip> _refused = [];
    private SimContext? _context;
    private BrokerNode? _node;
    private long _servesSince;

    public NodeState State { get; private set; }

    /// <summary>Lives that have begun.</summary>
    public int Life { get; private set; }

    /// <summary>What is wrong with the disks.</summary>
    public DiskFaults Faults { get; } = new(scheduler, trace, new Random(seed + 1));

    /// <summary>What the disks have to keep.</summary>
    public DiskLedger Ledger { get; } = new(trace, new ForgetfulFileStore(clock), onFault);

    /// <summary>Flipped bits for which a directory is offline in this life, or for which it did not begin: they want to be put right.</summary>
    public IReadOnlyCollection<Flip> Refused => _refused;

    /// <summary>Whether a disk failed in a life of the node, or a directory was not taken.</summary>
    public bool WasHurt(int life) => _hurt.Contains(life) || (life == Life && Faults.Struck is not null);

    /// <summary>Where the present life waits for its disk; null where there is none.</summary>
    public SimThreads? Disk { get; private set; }

    /// <summary>
    /// Whether the life that answered has served for so short that a log that is synced before it is acknowledged may not be synced again: its high watermark
    /// is behind what was acknowledged in the life before.
    /// </summary>
    public bool IsYoung(int life) => life != Life || scheduler.Now - _servesSince < MaxYoungTicks;

    /// <summary>Begins a life.</summary>
    public void Start()
    {
        if (Faults.Struck is not null)
        {
            _ = _hurt.Add(Life);
        }

        Faults.Forget();
        Ledger.Begin();
        _refused.Clear();
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
        if (withPower)
        {
            Ledger.PowerCut();
        }

        Ledger.Store = withPower ? Ledger.Store.Crash(seed + Life) : Ledger.Store.Kill();
        if (withPower)
        {
            Ledger.Flips.LookAgain(Ledger.Store);
        }

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

    /// <summary>One bit of such a file of a partition or a directory is flipped where it lies; null where there is none.</summary>
    public Flip? Flip(FlipTarget target, string name, Random random) =>
        (target == FlipTarget.Checkpoints ? name : StoredLogs.Folder(Ledger.Store, name)) is { } folder
            ? Ledger.Flips.Make(Ledger.Store, target, folder, random)
            : null;

    /// <summary>The names of a folder's files.</summary>
    public IEnumerable<string> Names(string folder) => Ledger.Store.List(folder).Select(static entry => entry.Name);

    /// <summary>What stands in a log before a damaged batch, file by file.</summary>
    public IEnumerable<byte[]> LogsBefore(Flip damage)
    {
        var folder = Path.GetDirectoryName(damage.Path)!;
        var files = StoredLogs.Files(Ledger.Store, folder, ".log").Select(file => $"{folder}/{file.Name}");
        return files.Where(path => string.CompareOrdinal(path, damage.Path) < 0).Select(path => StoredLogs.Bytes(Ledger.Store, path))
            .Append(StoredLogs.Bytes(Ledger.Store, damage.Path)[..(int)damage.BatchPosition]);
    }

    /// <summary>Somebody puts bits right while no node runs.</summary>
    public void Restore(IEnumerable<Flip> flips)
    {
        foreach (var flip in flips.Where(static flip => flip.Stands).ToList())
        {
            Ledger.Flips.Restore(Ledger.Store, flip);
        }
    }

    /// <summary>Logs that a full disk took a part of a write of, and that were not cut again.</summary>
    public IEnumerable<string> StillTorn() => Faults.Torn
        .Where(torn => torn.Path.EndsWith(".log", StringComparison.Ordinal) && Ledger.Store.FileExists(torn.Path))
        .Where(torn =>
        {
            using var file = Ledger.Store.Open(torn.Path, FileOpening.Read);
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
                config, new SimDisk(Ledger.Store, trace, Faults, Ledger), clock.For(context), new Random(seed + Life),
                new SimLogs(trace, context.Name, line => OnLine(context, line)), threads, threads, new NodeSeams { Turns = context.Turns });
            trace.Add($"serves {context.Name}");
            (_node, State) = (node, NodeState.Serving);
            _servesSince = scheduler.Now;
            // What lies in a directory that is offline is told of by a later life.
            if (!WasHurt(Life))
            {
                Ledger.Serves();
            }

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
        catch (Exception failure) when (node is null && Faults.Struck is null && NamesDamage($"{failure}", isRefusal: true))
        {
            trace.Add($"{context.Name} does not begin: {failure.Message}");
            context.Die();
            Ended();
        }
        catch (Exception failure)
        {
            onFault($"{context.Name} failed: {failure}");
        }
    }

    /// <summary>
    /// What a node says of records that it took or misses has to be right, whatever the level; of its errors each has a disk that failed, or a flipped bit of
    /// the file that it names.
    /// </summary>
    private void OnLine(SimContext context, LoggedLine line)
    {
        if (context.IsDead)
        {
            return;
        }

        var isRight = Ledger.Judge(line.Id, line.Values) ?? (line.Level < LogLevel.Error || NamesDamage(line.Text, isRefusal: false));
        if (!isRight && Faults.Struck is null)
        {
            onFault(line.Text);
        }
    }

    /// <summary>Whether a text names a file that has a flipped bit, or the partition of the internal topic whose records have one.</summary>
    private bool NamesDamage(string text, bool isRefusal)
    {
        // A start that cannot read the metadata log has said in a line before where it is damaged.
        var isOfMetadata = isRefusal && text.Contains("The metadata log holds bytes", StringComparison.Ordinal);
        var named = Ledger.Flips.Standing.Where(flip => text.Contains(flip.Path, StringComparison.Ordinal)
            || (isOfMetadata && flip.IsOfRecords && flip.Partition.StartsWith(InternalTopics.ClusterMetadata, StringComparison.Ordinal))
            || (flip.IsOfRecords && flip.Partition.StartsWith(InternalTopics.Offsets, StringComparison.Ordinal)
                && text.Contains(flip.Partition, StringComparison.Ordinal))).ToList();
        // Records are refused as a whole only where their format may be one to come.
        var refused = named.Where(flip => !flip.IsOfRecords || isRefusal || text.Contains("has failed", StringComparison.Ordinal)).ToList();
        if (refused.Count > 0)
        {
            _ = _hurt.Add(Life);
        }

        _refused.UnionWith(refused);
        // A directory that a start does not take for one of them is told of by its own name too.
        return named.Count > 0 || (State == NodeState.Starting && Ledger.Flips.Standing.Any(
            flip => !flip.IsOfRecords && text.Contains($"directory {flip.Directory} has failed", StringComparison.Ordinal)));
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
