using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>What holds for every source file: names, sizes, and words and calls that are not written here.</summary>
public sealed partial class SourceTests
{
    private const int MaxLines = 700;
    private const int MaxTypesInAFile = 4;

    private static readonly string[] SourceFolders = ["src", "tests", "compat-tests"];

    /// <summary>Files that hold a closed set of small types: a reader sees every case of it at once.</summary>
    private static readonly string[] ClosedSets =
    [
        "src/KafkaCompat.Protocol.Generator/LanguageSupport.cs",
        "src/KafkaCompat.Protocol/Wire/IMessage.cs",
        "src/KafkaCompat.Cluster/Groups/GroupCommand.cs",
        "src/KafkaCompat.Cluster/Quorum/RaftMessage.cs",
        "src/KafkaCompat.Cluster/Quorum/RaftRole.cs",
    ];

    [Fact]
    public void Types_files_and_folders_are_named_by_what_they_are()
    {
        var names = Repository.CSharp(SourceFolders).SelectMany(f => Path.ChangeExtension(f, null).Split('/').Append(".").Select(n => (File: f, Name: n)))
            .Concat(from f in Repository.CSharp(SourceFolders)
                    from Match m in TypeName()
                .Matches(Repository.Text(f))
                    select (File: f, Name: m.Groups["name"].Value));
        Findings.None(names.Where(n => VagueWord().IsMatch(n.Name)).Select(n => $"{n.File}: {n.Name}").Distinct());
    }

    [Fact]
    public void No_file_is_longer_than_a_reader_can_hold() =>
        Findings.None(Repository.CSharp(SourceFolders).Select(f => (File: f, Lines: Repository.Text(f).Count(c => c == '\n'))).Where(f => f.Lines > MaxLines));

    [Fact]
    public void A_file_is_named_as_a_type_it_holds_and_holds_few()
    {
        var wrong = from file in Repository.CSharp("src")
                    let types = TypeName().Matches(Repository.Text(file)).Select(m => m.Groups["name"].Value).Distinct().ToList()
                    where types.Count > 0
                    let stem = Path.GetFileName(file).Split('.')[0]
                    where !types.Contains(stem) || types.Count > MaxTypesInAFile
                    where !ClosedSets.Contains(file)
                    select $"{file}: {string.Join(", ", types)}";
        Findings.None(wrong);
    }

    [Fact]
    public void Nothing_is_unfinished_by_its_own_words() =>
        Findings.None(Repository.Matches(Repository.Files.Where(IsText).Where(f => !f.StartsWith("tests/Tidy/", StringComparison.Ordinal)), UnfinishedWord()));

    /// <summary>Our own methods that return a task have plain names, but for those of the test package, which stand beside .NET's in a test.</summary>
    [Fact]
    public void Async_ends_only_names_that_NET_has_given() =>
        Findings.None(from file in Repository.CSharp("src")
                      where !file.StartsWith("src/KafkaCompat.Testing/", StringComparison.Ordinal)
                      from Match method in AsyncMethod().Matches(Repository.Text(file))
                      where !AsyncOfNet.Contains(method.Groups["name"].Value)
                      select $"{file}: {method.Groups["name"].Value}");

    [Fact]
    public void No_path_of_one_machine_is_written_down() =>
        Findings.None(Repository.Matches(Repository.Files.Where(IsText).Where(f => !f.StartsWith("tests/Tidy/", StringComparison.Ordinal)), MachinePath()));

    [Fact]
    public void Fsync_is_never_asked_of_calls_that_hide_its_failure() =>
        Findings.None(Repository.Matches(Repository.CSharp("src"), UncheckedFlush()));

    [Fact]
    public void Tests_wait_for_events_and_do_not_sleep() =>
        Findings.None(from file in Repository.CSharp("tests")
                      where !file.StartsWith("tests/Tidy/", StringComparison.Ordinal)
                          && !MeasuresTime.Any(folder => file.StartsWith(folder, StringComparison.Ordinal))
                      let lines = Repository.Text(file).Split('\n')
                      from i in Enumerable.Range(0, lines.Length)
                      where Sleep().IsMatch(lines[i]) && !lines[Math.Max(0, i - PollReach)..(i + 1)].Any(line => Loop().IsMatch(line))
                      select $"{file}:{i + 1}: {lines[i].Trim()}");

    [Fact]
    public void A_skipped_test_says_why() =>
        Findings.None(
            Repository.Matches(Repository.CSharp("tests", "compat-tests").Where(f => !f.StartsWith("tests/Tidy/", StringComparison.Ordinal)), EmptySkip()));

    private static readonly string[] AsyncOfNet =
    [
        "AcceptAsync", "BindAsync", "ConnectAsync", "DisposeAsync", "FlushAsync", "ProcessRequestAsync", "ReadAsync", "StartAsync", "StopAsync", "UnbindAsync",
        "WaitAsync",
    ];

    /// <summary>A delay within so many lines of a loop's head is a poll for a condition, which real sockets and loops need.</summary>
    private const int PollReach = 6;

    /// <summary>Benchmarks measure time; the transport's tests must show that nothing comes.</summary>
    private static readonly string[] MeasuresTime = ["tests/Benchmarks/", "tests/Server/Transport/", "tests/Broker/Connections/"];

    private static bool IsText(string file) =>
        Path.GetExtension(file) is ".cs" or ".md" or ".spec" or ".py" or ".js" or ".sh" or ".props" or ".csproj" or ".json";

    [GeneratedRegex(@"^(?:public |internal )(?:[\w]+ )*(?:class|struct|enum|interface|record struct|record)\s+(?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeName();

    /// <summary>RaftCore is the design's own word for the machine without its disk and its peers.</summary>
    [GeneratedRegex(@"(?:^|(?<=[a-z0-9.]))(?:Managers?|Helpers?|Utils?|Utilities|Utility|Common|(?<!Raft)Core)(?=$|[A-Z0-9.])")]
    private static partial Regex VagueWord();

    [GeneratedRegex(@"\b(?:Task|ValueTask)(?:<[^()=;]*>\??)? (?<name>\w+Async)\(")]
    private static partial Regex AsyncMethod();

    [GeneratedRegex(@"NotImplementedException|\b(?:TODO|FIXME|HACK|XXX)\b|\bfor now\b")]
    private static partial Regex UnfinishedWord();

    [GeneratedRegex(@"(?<![\w.}/])/(?:work|root|home|Users)/\w")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"\.Flush\((?:flushToDisk: *)?true\)|RandomAccess\.FlushToDisk\(")]
    private static partial Regex UncheckedFlush();

    [GeneratedRegex(@"Thread\.Sleep\(|Task\.Delay\((?![^;]*(?:[tT]imeProvider|_time|_clock|clock|Timeout\.Infinite))")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"\b(?:while|for|foreach) \(|\bdo$")]
    private static partial Regex Loop();

    [GeneratedRegex("Skip *= *\"\"")]
    private static partial Regex EmptySkip();
}
