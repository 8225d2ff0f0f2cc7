using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>Documents that stay true: the paths they name exist, and what they say of the program is what the program does.</summary>
public sealed partial class DocumentTests
{
    /// <summary>The README is for someone in a hurry; the rest stands in docs/.</summary>
    private const int MostReadmeLines = 120;

    private const string ServedHeading = "| Key | API | Versions |";
    private const string UnservedHeading = "| Not served yet | Keys |";

    /// <summary>Served by an answer that says that the protocol is not.</summary>
    private static readonly string[] RefusedByText = ["ConsumerGroupHeartbeat", "ShareGroupHeartbeat", "StreamsGroupHeartbeat"];

    public static TheoryData<string> Documents => [.. Repository.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_path_that_a_document_names_exists(string document)
    {
        var text = Repository.Text(document);
        var folder = Path.GetDirectoryName(document)!.Replace('\\', '/');
        var rooted = RootedPath().Matches(text).Select(m => m.Value.TrimEnd('.', ',', '/'));
        var linked = Link().Matches(text).Select(m => m.Groups["path"].Value).Where(p => !p.Contains("://", StringComparison.Ordinal))
            .Select(p => Path.Join(folder, p));
        Findings.None(rooted.Concat(linked).Distinct().Where(p => !Repository.Exists(p) && !IsBuilt(p)));
    }

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("protocol-specs")]
    [InlineData("compat-tests")]
    public void Each_top_folder_says_what_is_in_it(string folder) => Assert.True(Repository.Exists($"{folder}/README.md"), $"{folder}/README.md is missing");

    [Fact]
    public void The_readme_has_the_two_commands()
    {
        var text = Repository.Text("README.md");
        Assert.Contains("dotnet run -c Release --project src/KafkaCompat.Server", text, StringComparison.Ordinal);
        Assert.Contains("\ndotnet test", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_of_apis_lists_the_keys_that_the_code_serves()
    {
        var numbers = SpecNumbers();
        var expected = Repository.Served.Where(k => k.IsServed)
            .Select(k => (Number: numbers[k.Name], Line: $"| {numbers[k.Name]} | {k.Name} | {k.Min}-{k.Max} |")).Distinct()
            .OrderBy(k => k.Number).Select(k => k.Line);
        var actual = Repository.Text("docs/apis.md").Split('\n').SkipWhile(line => line != ServedHeading).Skip(2).TakeWhile(line => line.StartsWith('|'));
        Assert.Equal(expected, actual);
    }

    /// <summary>A protocol that is refused with a text is not served either.</summary>
    [Fact]
    public void The_table_of_what_is_not_served_names_the_keys_that_the_composition_leaves_out()
    {
        var numbers = SpecNumbers();
        var served = Repository.Served.Where(k => k.IsServed).Select(k => k.Name).ToHashSet(StringComparer.Ordinal);
        var expected = ApiKeyName().Matches(Repository.Text("src/KafkaCompat.Broker/Node/NotServedYetAttribute.cs")).Select(m => m.Groups["name"].Value)
            .Where(name => !served.Contains(name)).Concat(RefusedByText).Select(name => numbers[name]).Distinct().Order();
        var rows = Repository.Text("docs/apis.md").Split('\n').SkipWhile(line => line != UnservedHeading).Skip(2).TakeWhile(line => line.StartsWith('|'));
        Assert.Equal(expected, rows.SelectMany(row => KeyRange().Matches(row.Split('|')[2])).SelectMany(static range =>
        {
            var first = int.Parse(range.Groups["first"].Value, System.Globalization.CultureInfo.InvariantCulture);
            return range.Groups["last"].Success
                ? Enumerable.Range(first, int.Parse(range.Groups["last"].Value, System.Globalization.CultureInfo.InvariantCulture) - first + 1)
                : [first];
        }).Distinct().Order());
    }

    [Fact]
    public void The_readme_is_short() => Assert.InRange(Repository.Text("README.md").Split('\n').Length - 1, 1, MostReadmeLines);

    /// <summary>A package holds its README and none of the repository's other files.</summary>
    [Fact]
    public void A_packages_readme_links_to_no_file() =>
        Findings.None(Link().Matches(Repository.Text("src/KafkaCompat.Testing/README.md")).Select(m => m.Groups["path"].Value)
            .Where(p => !p.Contains("://", StringComparison.Ordinal)));

    [Fact]
    public void Every_page_of_docs_is_in_its_index()
    {
        var index = Repository.Text("docs/README.md");
        Findings.None(Repository.Files.Where(f => f.StartsWith("docs/", StringComparison.Ordinal) && f != "docs/README.md").Select(f => f["docs/".Length..])
            .Where(f => !index.Contains($"({f})", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_readme_gives_a_reason_for_every_package()
    {
        var text = Repository.Text("README.md");
        var packages = PackageVersion().Matches(Repository.Text("Directory.Packages.props")).Select(m => m.Groups["name"].Value);
        Findings.None(packages.Where(p => !text.Contains(p, StringComparison.Ordinal)));
    }

    private static Dictionary<string, int> SpecNumbers() =>
        Repository.Files.Select(f => SpecFile().Match(f)).Where(m => m.Success)
            .ToDictionary(m => m.Groups["name"].Value, m => int.Parse(m.Groups["key"].Value, System.Globalization.CultureInfo.InvariantCulture),
                StringComparer.Ordinal);

    /// <summary>Outputs of a build are named in documents and are not in the repository.</summary>
    private static bool IsBuilt(string path) => path.Contains("/bin/", StringComparison.Ordinal) || path.Contains("/obj/", StringComparison.Ordinal);

    // Paths with placeholders (a star, an ellipsis, braces, angle brackets) describe a shape and name no file.
    [GeneratedRegex(@"(?<![\w./…$-])(?:src|tests|protocol-specs|compat-tests|\.ci)/[\w./-]*\w/?(?![\w*…{<])")]
    private static partial Regex RootedPath();

    [GeneratedRegex(@"\]\((?<path>[^)#]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex("<PackageVersion Include=\"(?<name>[^\"]+)\"")]
    private static partial Regex PackageVersion();

    [GeneratedRegex(@"^protocol-specs/apis/(?<key>\d+)-(?<name>\w+)\.spec$")]
    private static partial Regex SpecFile();

    [GeneratedRegex(@"ApiKey\.(?<name>\w+)")]
    private static partial Regex ApiKeyName();

    [GeneratedRegex(@"(?<first>\d+)(?:-(?<last>\d+))?")]
    private static partial Regex KeyRange();
}
