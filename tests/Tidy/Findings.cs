using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>What a rule found, shown whole: a person mends the list, not its first line.</summary>
internal static class Findings
{
    /// <summary>Fails with every finding, a line each.</summary>
    public static void None<T>(IEnumerable<T> findings)
    {
        var lines = findings.Select(f => f?.ToString()).ToList();
        Assert.True(lines.Count == 0, $"{lines.Count} found:\n{string.Join('\n', lines)}");
    }
}
