using Xunit;

namespace KafkaCompat.Cluster.Tests.Machines;

/// <summary>
/// A machine over random commands: deciding changes nothing of it, and a log of its commands put to a fresh one gives the same decisions and the same state.
/// </summary>
/// <param name="steps">How many commands each seed gives.</param>
/// <param name="leastRecords">How many records they have to lead to, so that the test says something.</param>
public abstract class ReplayTests<TCommand>(int steps, int leastRecords)
    where TCommand : class
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Deciding_changes_nothing_and_a_replay_gives_the_same(int seed)
    {
        var log = new MachineLog<TCommand>();
        var machine = NewMachine();
        var next = Inputs(new Random(seed), machine);
        for (var i = 0; i < steps; i++) log.Record(machine, next());
        Assert.Equal(steps, log.Count);
        Assert.True(machine.Records > leastRecords, $"Only {machine.Records} records: the commands lead to too little.");
        log.Replay(NewMachine(), machine);
    }

    private protected abstract ITestMachine<TCommand> NewMachine();

    /// <summary>What is put to the machine, one after another; what comes next may follow from its state.</summary>
    private protected abstract Func<MachineInput<TCommand>> Inputs(Random random, ITestMachine<TCommand> machine);
}
