using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>Log messages have ids of their own, and words that a person at three in the morning knows.</summary>
public sealed partial class LogMessageTests
{
    /// <summary>Words of this code and of nobody else, with what to write instead.</summary>
    private static readonly (string Word, string Instead)[] HouseWords =
    [
        ("chore", "background task"), ("(-1", "leave the line out where a value is unknown"), ("trying again", "The node retries"),
        ("told", "say reported, logged, sent or advertised"), ("anew", "again"), ("most of all", "usually, or for example"),
        (" is no ", "is not a, or what it is"), (" are no ", "are not"), ("obody", "who or what does not"),
    ];

    private static readonly List<(string File, int Id, string Text)> Messages =
        [.. from file in Repository.CSharp("src")
            from Match match in Message().Matches(Repository.Text(file))
            select (file, int.Parse(match.Groups["id"].Value, System.Globalization.CultureInfo.InvariantCulture), match.Groups["text"].Value)];

    [Fact]
    public void No_two_messages_have_one_id()
    {
        Findings.None(from messages in Messages.GroupBy(static message => message.Id)
                      where messages.Count() > 1
                      select $"{messages.Key} is the id of {string.Join(" and of ", messages.Select(static message => $"{message.File}: {message.Text}"))}");
    }

    [Fact]
    public void Every_message_is_read_here() =>
        Findings.None(from file in Repository.CSharp("src")
                      let written = Attribute().Count(Repository.Text(file))
                      let read = Messages.Count(message => message.File == file)
                      where written != read
                      select $"{file} has {written} messages, and {read} of them are in a form that this test knows");

    [Fact]
    public void No_message_has_a_word_of_the_house() =>
        Findings.None(from message in Messages
                      from word in HouseWords
                      where message.Text.Contains(word.Word, StringComparison.Ordinal)
                      select $"{message.File}: {message.Text}: {word.Word}; write: {word.Instead}");

    [Fact]
    public void Each_message_has_an_id_of_the_range_that_the_manual_gives_its_class()
    {
        var ranges = Range().Matches(Repository.Text("docs/operations.md")).ToDictionary(
            static row => row.Groups["class"].Value, static row => (From: Number(row, "from"), To: Number(row, "to")), StringComparer.Ordinal);
        Findings.None(from message in Messages
                      let range = ranges.GetValueOrDefault(Path.GetFileNameWithoutExtension(message.File))
                      where message.Id < range.From || message.Id > range.To
                      select $"{message.File}: {message.Id} is not within {range.From}-{range.To} of docs/operations.md");

        static int Number(Match row, string group) => int.Parse(row.Groups[group].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>"Log" alone is data: a partition's log, the metadata log. What writes lines of the program's log is named for that.</summary>
    [Fact]
    public void A_class_with_log_messages_is_named_for_them() =>
        Findings.None(from file in Messages.Select(static message => message.File).Distinct()
                      where !file.EndsWith("LogMessages.cs", StringComparison.Ordinal) && !file.EndsWith("Logger.cs", StringComparison.Ordinal)
                      select $"{file} has log messages: name it …LogMessages, or …Logger where it decides when they are written");

    /// <summary>A number may be 1, and "1 partitions are" is no English: the number stands behind, as in "partitions: 1".</summary>
    [Fact]
    public void No_message_has_a_number_before_a_plural() =>
        Findings.None(from message in Messages
                      where Counted().IsMatch(message.Text)
                      select $"{message.File}: {message.Text}: {Counted().Match(message.Text).Value}");

    /// <summary>Units stay as they are, and so do verbs of a singular.</summary>
    [GeneratedRegex(
        @"\{[A-Z]\w*\} (?:more |deleted |unreadable |other )?"
        + @"(?:(?!(?:bytes|ms|was|is|has|wants|rebalances|asks|exists|ends|holds|starts|names|contains)\b)[a-z]+[a-rt-z]s)"
        + @"(?= of| and| or|[.,;:]|$| (?:is|are|were|have|had|more|will|wait|with|in|to|on|at|from)\b)")]
    private static partial Regex Counted();

    [GeneratedRegex(@"^\| (?<from>\d+)-(?<to>\d+) \| [^|]+ \| `(?<class>\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Range();

    [GeneratedRegex(
        @"LoggerMessage\(\s*(?:EventId = )?(?<id>[0-9]+),\s+"
        + """(?:[^"]*)"(?<text>(?:[^"\\]|\\.|"\s*\+\s*(?:[\w.]+\s*\+\s*)?\$?")*)"(?:,\s+SkipEnabledCheck = true)?\)""")]
    private static partial Regex Message();

    [GeneratedRegex("""^\s*\[LoggerMessage\(""", RegexOptions.Multiline)]
    private static partial Regex Attribute();
}
