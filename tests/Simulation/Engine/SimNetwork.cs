namespace KafkaCompat.Simulation.Engine;

/// <summary>What all connections of a world run over.</summary>
internal sealed class SimNetwork(SimScheduler scheduler, Trace trace, Random random)
{
    private int _links;

    public SimContext Context { get; } = scheduler.Context("network");

    public Trace Trace => trace;

    public Random Random => random;

    public int NextNumber() => ++_links;

    /// <summary>Does something after a while, and not before a time. When that is.</summary>
    public long Later(long notBefore, long maxDelayTicks, SimContext context, Action work)
    {
        var due = Math.Max(notBefore, scheduler.Now + random.NextInt64(1, maxDelayTicks)) + 1;
        scheduler.PostAt(due, context, static work => ((Action)work!)(), work);
        return due;
    }
}
