using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>A test that waits gives up when something is broken, not when the machine is busy: its deadlines are a minute or more.</summary>
public sealed partial class DeadlineTests
{
    private const int LeastSeconds = 60;

    [Fact]
    public void No_test_gives_up_within_a_minute() =>
        Findings.None(from file in Repository.CSharp("tests")
                      from Match match in Deadline().Matches(Repository.Text(file))
                      where Seconds(match) < LeastSeconds
                      select $"{file}: {match.Value} is less than a minute; on a busy machine a test that is right fails");

    private static double Seconds(Match match) =>
        int.Parse(match.Groups["number"].Value.Replace("_", "", StringComparison.Ordinal),
            CultureInfo.InvariantCulture) / (match.Groups["unit"].Value == "Seconds" ? 1d : 1000d);

    /// <summary>A source of cancellation, a wait, or a field that is called patience or deadline, with a span that it says itself.</summary>
    [GeneratedRegex(
        @"(?:\bCancellationTokenSource\(|\bWaitAsync\(|\bCancelAfter\(|\bJoin\(|\b_deadline = new\(|\bPatience = )"
        + @"TimeSpan\.From(?<unit>Seconds|Milliseconds)\((?<number>[\d_]+)\)")]
    private static partial Regex Deadline();
}
