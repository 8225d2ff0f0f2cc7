using KafkaCompat.Cluster.Machines;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Machines;

/// <summary>What is put to a machine: a command with its ticket, or where there is none a look at what is due.</summary>
/// <param name="Command">A value, which can be put to another machine of the kind.</param>
/// <param name="Ticket">What the command's reply will carry.</param>
/// <param name="Now">When it is put.</param>
/// <param name="IsRefused">Whether the log refuses what is decided on it.</param>
internal sealed record MachineInput<TCommand>(TCommand? Command, Ticket Ticket, Now Now, bool IsRefused = false)
    where TCommand : class;

/// <summary>A machine under test, of whatever kind.</summary>
internal interface ITestMachine<TCommand>
    where TCommand : class
{
    /// <summary>The machine itself, whose whole state counts.</summary>
    object State { get; }

    /// <summary>Records that its decisions have led to.</summary>
    long Records { get; }

    /// <summary>
    /// Puts an input to the machine and carries out what it decides. Each decision is handed out before it is carried out, by a function that asks the machine
    /// for it.
    /// </summary>
    void Take(MachineInput<TCommand> input, Func<Func<object?>, object?> decide);
}

/// <summary>The inputs of a machine's life, and what it decided on each: a log that is replayed.</summary>
internal sealed class MachineLog<TCommand>
    where TCommand : class
{
    private readonly List<(MachineInput<TCommand> Input, string Decided)> _entries = [];

    public int Count => _entries.Count;

    /// <summary>Has the machine take an input, and notes both. Deciding must leave the machine as it was.</summary>
    public void Record(ITestMachine<TCommand> machine, MachineInput<TCommand> input) => _entries.Add((input, Decisions(machine, input, isWatched: true)));

    /// <summary>Puts the same inputs to a fresh machine: it decides the same each time, and is as the other one in the end.</summary>
    public void Replay(ITestMachine<TCommand> fresh, ITestMachine<TCommand> recorded)
    {
        foreach (var (input, decided) in _entries)
        {
            Assert.Equal(decided, Decisions(fresh, input, isWatched: false));
        }

        Assert.Equal(MachineText.Of(recorded.State), MachineText.Of(fresh.State));
    }

    private static string Decisions(ITestMachine<TCommand> machine, MachineInput<TCommand> input, bool isWatched)
    {
        var texts = new List<string>();
        machine.Take(input, decide =>
        {
            var before = isWatched ? MachineText.Of(machine.State) : "";
            var decision = decide();
            texts.Add(MachineText.Of(decision));
            if (isWatched)
            {
                Assert.Equal(before, MachineText.Of(machine.State));
            }

            return decision;
        });
        return string.Join('\n', texts);
    }
}
