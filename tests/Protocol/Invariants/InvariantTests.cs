using KafkaCompat.Protocol.Invariants;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Invariants;

/// <summary>A check that holds costs next to nothing; one that does not says all that a person has to know.</summary>
public sealed class InvariantTests
{
    [Fact]
    public void What_does_not_hold_says_what_is_so_what_was_expected_and_what_to_do()
    {
        long next = 5, end = 7;
        var broken = Assert.Throws<InvariantException>(() => Invariant.Holds(next == end, $"t-0: an append begins at {next}, and the log ends at {end}"));
        Assert.Equal("t-0: an append begins at 5, and the log ends at 7", broken.Found);
        Assert.StartsWith(broken.Found, broken.Message, StringComparison.Ordinal);
        Assert.Contains("(it must hold that next == end)", broken.Message, StringComparison.Ordinal);
        Assert.Contains("Keep a copy of its log directories", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_holds_allocates_nothing_and_evaluates_no_text()
    {
        Check(1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1; i < 10_000; i++) Check(i);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(0, _evaluated);

        void Check(long offset) => Invariant.Holds(offset > 0, $"{Text()} at {offset}");
    }

    [Fact]
    public void It_is_found_among_what_it_has_brought_about()
    {
        var broken = new InvariantException("t-0", "x");
        Assert.Same(broken, InvariantException.In(new IOException("a log", new AggregateException(new IOException("another"), new IOException("", broken)))));
        Assert.Null(InvariantException.In(new AggregateException(new IOException("a log"))));
        Assert.Null(InvariantException.In(null));
    }

    private int _evaluated;

    private string Text() => $"{++_evaluated}";
}
