using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>What fails of a stop keeps nothing else from being ended.</summary>
public sealed class StopStepsTests
{
    [Fact]
    public async Task A_step_that_fails_is_told_and_those_behind_it_are_taken()
    {
        var lines = new RecordedLines(LogLevel.Error);
        var steps = new StopSteps(lines, new FatalFaults());
        var taken = 0;
        await steps.Take(() => ValueTask.FromException(new InvalidOperationException("the first")));
        await steps.Take(() => Task.FromException(new InvalidOperationException("the second")));
        steps.Take(new Action(() => throw new InvalidOperationException("the third")));
        Assert.True(steps.HasFailed);
        await steps.Take(() =>
        {
            taken++;
            return Task.CompletedTask;
        });
        steps.Take(() => { taken++; });
        Assert.Equal(2, taken);
        Assert.Equal(3, lines.Lines.Count);
        Assert.All(lines.Lines, static line => Assert.StartsWith("The node could not stop in order.", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_broken_invariant_is_told_once_by_the_node()
    {
        var lines = new RecordedLines(LogLevel.Error);
        var faults = new FatalFaults();
        var steps = new StopSteps(lines, faults);
        var broken = new InvariantException("t-0", "x");
        await steps.Take(() => Task.FromException(new KafkaStorageException("t-0", broken)));
        await steps.Take(() => Task.FromException(new InvalidOperationException("what fails because of it")));
        Assert.True(steps.HasFailed);
        Assert.Same(broken, faults.First);
        Assert.Empty(lines.Lines);
    }
}
