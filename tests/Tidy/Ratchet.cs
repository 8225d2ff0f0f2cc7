using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>A rule with exceptions that only grow fewer: what the rule finds is what <see cref="Exceptions"/> lists for it, no more and no less.</summary>
internal static class Ratchet
{
    /// <summary>Fails with what was found and is no exception, and with each exception that is needed no longer.</summary>
    public static void Holds(IEnumerable<string> found, IReadOnlyCollection<string> exceptions)
    {
        var all = found.ToHashSet(StringComparer.Ordinal);
        Assert.Equal(exceptions.Count, exceptions.Distinct(StringComparer.Ordinal).Count());
        Findings.None(all.Except(exceptions).Order(StringComparer.Ordinal).Select(static name => $"breaks the rule: {name}")
            .Concat(exceptions.Except(all).Select(static name => $"keeps the rule now, so take it off tests/Tidy/Exceptions.cs: {name}")));
    }
}
