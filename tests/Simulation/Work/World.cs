using KafkaCompat.Protocol;
using KafkaCompat.Simulation.Engine;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Simulation.Work;

/// <summary>One machine with its node, a network, and clients that do as they like, all from one seed. Whatever is wrong is kept as a violation.</summary>
internal sealed class World
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly List<string> _violations = [];
    private readonly HashSet<long> _producers = [];
    private long _producersLostFrom = long.MaxValue;

    public World(int seed, Trace trace)
    {
        Trace = trace;
        Random = new Random(seed);
        Scheduler = new SimScheduler(Random.Next(), trace);
        Clock = new SimClock(Scheduler, Start, Random.Next(-500, 501));
        Network = new SimNetwork(Scheduler, trace, new Random(Random.Next()));
        Clients = Scheduler.Context("clients");
        var config = NodeSettings.Config(
            SimNode.MetadataFolder,
            ("log.dirs", $"{SimNode.MetadataFolder},{SimNode.OtherFolder}"),
            ("offsets.topic.num.partitions", "2"),
            ("offsets.topic.replication.factor", "1"),
            ("group.initial.rebalance.delay.ms", "500"),
            ("auto.create.topics.enable", "false"),
            ("log.initial.task.delay.ms", "3000"),
            ("log.segment.delete.delay.ms", "5000"),
            ("log.roll.ms", "9000"),
            ("log.retention.check.interval.ms", "4000"),
            // A clock that is set back by two hours makes records of the future.
            ("log.message.timestamp.after.max.ms", "10800000"),
            ("log.index.interval.bytes", "500"),
            ("metadata.log.max.record.bytes.between.snapshots", "20000"),
            ("metadata.log.max.snapshot.interval.ms", "60000"));
        Node = new SimNode(Scheduler, Clock, trace, config, Random.Next(), Violation);
    }

    public Trace Trace { get; }

    public Random Random { get; }

    public SimScheduler Scheduler { get; }

    public SimClock Clock { get; }

    public SimNetwork Network { get; }

    public SimContext Clients { get; }

    public SimNode Node { get; }

    /// <summary>Whether clients are to come to an end of what they do.</summary>
    public bool IsEnding { get; set; }

    public IReadOnlyList<string> Violations => _violations;

    /// <summary>The world's time in milliseconds.</summary>
    public long NowMs => Scheduler.Now / TimeSpan.TicksPerMillisecond;

    public void Violation(string what)
    {
        Trace.Add($"VIOLATION {what}");
        _violations.Add($"at {NowMs} ms: {what}");
    }

    /// <summary>As <see cref="Violation"/>, where there is something.</summary>
    public void Check(string? wrong)
    {
        if (wrong is not null)
        {
            Violation(wrong);
        }
    }

    /// <summary>Damage took the memory of producer ids from one on: they are given once more.</summary>
    public void OnProducersLost(long firstId) => _producersLostFrom = Math.Min(_producersLostFrom, firstId);

    /// <summary>A producer got an id. Whether nobody has had it before; somebody may have where the memory of it was damaged.</summary>
    public bool IsNewProducer(long id)
    {
        var isNew = _producers.Add(id);
        Check(isNew || id >= _producersLostFrom ? null : $"the producer id {id} was given twice");
        return isNew;
    }

    /// <summary>Whether an error is right that a life of the node gave: a disk failed in it, or it did not take a directory that is damaged.</summary>
    public bool IsExcused(SimClient asked, ErrorCode error) =>
        error is ErrorCode.KafkaStorageError or ErrorCode.NotLeaderOrFollower or ErrorCode.LeaderNotAvailable && Node.WasHurt(asked.AnsweredBy);

    /// <summary>Time passes for a client.</summary>
    public Task Sleep(long ms)
    {
        var over = new TaskCompletionSource();
        Scheduler.PostAt(Scheduler.Now + (ms * TimeSpan.TicksPerMillisecond), Clients, static over => ((TaskCompletionSource)over!).SetResult(), over);
        return over.Task;
    }

    /// <summary>A client's life. A fault in it is one of the simulation, and is told.</summary>
    public Task Live(Func<Task> life)
    {
        var over = new TaskCompletionSource();
        Clients.Post(_ => _ = Run(), null);
        return over.Task;

        async Task Run()
        {
            try
            {
                await life();
            }
            catch (Exception failure)
            {
                Violation($"a client failed: {failure}");
            }

            over.SetResult();
        }
    }
}
