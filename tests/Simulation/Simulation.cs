using System.Globalization;
using KafkaCompat.Simulation.Engine;
using KafkaCompat.Simulation.Work;

namespace KafkaCompat.Simulation;

/// <summary>What a run came to.</summary>
internal sealed record SimulationResult(
    int Seed, string Hash, long Events, double VirtualSeconds, double Seconds, string Done, IReadOnlyList<string> Violations)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"seed {Seed} hash {Hash} events {Events} virtual {VirtualSeconds:f0} s, {VirtualSeconds / Seconds:f0}/s; {Done}; violations {Violations.Count}");
}

/// <summary>A life of one node from a seed: clients at work, a machine that fails, and an audit at the end.</summary>
internal static class OneNode
{
    private const int Producers = 3;
    private const int IdempotentProducers = 2;
    private const int Consumers = 2;
    private const int Committers = 2;
    private const int Members = 2;

    /// <summary>How long all may take to come to rest once nothing fails any more.</summary>
    private const int RestSeconds = 300;

    public static SimulationResult Run(int seed, int seconds, TextWriter? text = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var trace = new Trace(text);
        var world = new World(seed, trace);
        var random = world.Random;
        var topics = new Topics(world, new Random(random.Next()));
        var chaos = new Chaos(world, topics, new Random(random.Next()));
        var producers = Enumerable.Range(0, Producers).Select(i => new Producer(world, topics, $"p{i}", new Random(random.Next()))).ToList();
        var idempotent = Enumerable.Range(0, IdempotentProducers)
            .Select(i => new IdempotentProducer(world, topics, $"i{i}", new Random(random.Next()))).ToList();
        var consumers = Enumerable.Range(0, Consumers).Select(i => new Consumer(world, topics, $"c{i}", new Random(random.Next()))).ToList();
        var committers = Enumerable.Range(0, Committers).Select(i => new Committer(world, topics, $"g{i}", new Random(random.Next()))).ToList();
        var losses = new Losses(world, topics);
        foreach (var committer in committers)
        {
            losses.CommitLost += committer.OnLost;
            losses.GroupsLost += committer.OnLost;
        }

        var members = Enumerable.Range(0, Members).Select(i => new Member(world, $"m{i}", new Random(random.Next()))).ToList();
        world.Node.Start();
        var lives = new List<Task> { world.Live(topics.Administer), world.Live(chaos.Rage) };
        lives.AddRange(producers.Select(producer => world.Live(producer.Produce)));
        lives.AddRange(idempotent.Select(producer => world.Live(producer.Produce)));
        lives.AddRange(consumers.Select(consumer => world.Live(consumer.Consume)));
        lives.AddRange(committers.Select(committer => world.Live(committer.Commit)));
        lives.AddRange(members.Select(member => world.Live(member.Live)));
        _ = world.Scheduler.Run(static () => false, seconds * TimeSpan.TicksPerSecond);
        world.IsEnding = true;
        var ends = Task.WhenAll(lives);
        var until = world.Scheduler.Now + (RestSeconds * TimeSpan.TicksPerSecond);
        if (!world.Scheduler.Run(() => ends.IsCompleted, until))
        {
            world.Violation($"{lives.Count(static life => !life.IsCompleted)} clients have not ended within {RestSeconds} s; the node is {world.Node.State}");
        }
        else
        {
            var audit = Task.WhenAll([world.Live(consumers[0].Audit), .. committers.Select(committer => world.Live(committer.Audit))]);
            if (!world.Scheduler.Run(() => audit.IsCompleted, until + (RestSeconds * TimeSpan.TicksPerSecond)))
            {
                world.Violation("the audit does not end");
            }
        }

        foreach (var stranger in world.Scheduler.Strangers)
        {
            world.Violation($"work came from another thread: {stranger}");
        }

        var acked = producers.Sum(static producer => producer.Acked) + idempotent.Sum(static producer => producer.Acked);
        var read = consumers.Sum(static consumer => consumer.Records);
        var (commits, sessions) = (committers.Sum(static committer => committer.Acked), members.Sum(static member => member.Watched));
        var ledger = world.Node.Ledger;
        var done = string.Create(
            CultureInfo.InvariantCulture,
            $"{acked} records acknowledged, {read} read, {commits} commits, {sessions} sessions, {world.Node.Life} lives, {topics.PowerCuts} power cuts, "
            + $"{ledger.Flips.Count.Made} bits flipped, {ledger.Flips.Count.Restored} put right, {ledger.Cuts} cuts at damage, "
            + $"{losses.Metadata} of metadata, {ledger.Drops} segments dropped");
        var virtualSeconds = world.Scheduler.Now / (double)TimeSpan.TicksPerSecond;
        return new SimulationResult(
            seed, trace.Hash(), trace.Count, virtualSeconds, TimeProvider.System.GetElapsedTime(started).TotalSeconds, done, world.Violations);
    }
}
