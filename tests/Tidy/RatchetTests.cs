using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>
/// Rules that a reader feels: how long files and lines are, what a constructor asks for, what has a name of its own. What breaks one still stands in
/// <see cref="Exceptions"/>.
/// </summary>
public sealed partial class RatchetTests
{
    private const int MaxLines = 500;
    private const int MaxColumns = 160;
    private const int MaxParameters = 6;

    private static readonly string[] SourceFolders = ["src", "tests", "compat-tests"];

    [Fact]
    public void No_file_is_longer_than_500_lines() => Ratchet.Holds(
        Repository.CSharp(SourceFolders).Where(static file => Repository.Text(file).Count(static c => c == '\n') > MaxLines), Exceptions.LongFiles);

    [Fact]
    public void No_line_is_longer_than_160_columns() => Ratchet.Holds(
        Repository.CSharp(SourceFolders).Where(static file => File.ReadLines(Path.Combine(Repository.Root, file)).Any(static line => line.Length > MaxColumns)),
        Exceptions.LongLines);

    [Fact]
    public void No_constructor_asks_for_more_than_six_parts() => Ratchet.Holds(
        from file in Repository.CSharp("src")
        from constructor in Constructors.In(Repository.Text(file))
        where constructor.Parameters > MaxParameters
        select $"{constructor.Type} {constructor.Parameters}",
        Exceptions.LargeConstructors);

    [Fact]
    public void No_two_types_have_one_name() => Ratchet.Holds(
        from file in Repository.CSharp("src")
        from Match type in TypeName().Matches(Repository.Text(file))
        group file by type.Groups["name"].Value + new string('`', type.Groups["parameters"].Value.Count(static c => c is ',' or '<')) into same
        where same.Distinct().Count() > 1
        select same.Key,
        Exceptions.TwinTypes);

    [Fact]
    public void Each_handler_has_a_test_file_of_its_name() => Ratchet.Holds(
        from served in Repository.Served
        let folder = Path.GetDirectoryName(served.File)!.Replace('\\', '/').Replace("src/KafkaCompat.", "tests/", StringComparison.Ordinal)
        where !Repository.Exists($"{folder}/{served.Name}HandlerTests.cs") && !Repository.Exists($"{folder}/{served.Name}Tests.cs")
        select served.File,
        Exceptions.HandlersWithoutTests);

    [Fact]
    public void No_setting_is_named_by_a_string_literal() => Ratchet.Holds(
        from file in Repository.CSharp("src")
        where !file.StartsWith("src/KafkaCompat.Protocol.Generator/", StringComparison.Ordinal)
        where Literal().Matches(Repository.Text(file)).Any(static literal => Settings.Contains(literal.Groups["text"].Value))
        select file,
        Exceptions.SettingLiterals);

    [Theory]
    [InlineData("internal sealed class A(int a, Func<int, int> b, (int, int) c);", "A 3")]
    [InlineData("public class A\n{\n    public A(int a,\n        string b = \"(,\")\n    {\n    }\n\n    private A()\n    {\n    }\n}", "A 2, A 0")]
    [InlineData("public sealed record A(int a, int b);", "")]
    public void A_constructor_is_found_with_its_parameters(string text, string expected) =>
        Assert.Equal(expected, string.Join(", ", Constructors.In(text).Select(static found => $"{found.Type} {found.Parameters}")));

    /// <summary>Kafka's settings, but for names of one word: those are words of other things too.</summary>
    private static HashSet<string> Settings { get; } =
    [
        .. Repository.Text("protocol-specs/configs.spec").Split('\n').Select(static line => SettingName().Match(line)).Where(static name => name.Success)
            .Select(static name => name.Groups["name"].Value),
    ];

    [GeneratedRegex(@"^(?:public |internal )(?:[\w]+ )*(?:class|struct|enum|interface|record struct|record)\s+(?<name>\w+)(?<parameters><[^>\n]*>)?",
        RegexOptions.Multiline)]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^  (?<name>[a-z0-9]+(?:\.[a-z0-9]+)+):")]
    private static partial Regex SettingName();

    [GeneratedRegex(@"""(?<text>[a-z0-9.]+)""")]
    private static partial Regex Literal();
}
