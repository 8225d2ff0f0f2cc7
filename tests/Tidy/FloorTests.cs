using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>
/// Arrows point downward between the folders of an assembly too. The floors are those of the design: a folder imports only what stands on a lower one, so two
/// of one floor do not know each other. The graph is printed with each run.
/// </summary>
public sealed class FloorTests(ITestOutputHelper output)
{
    /// <summary>From the ground up. A folder that is not named here has no room: name its floor.</summary>
    private static readonly Dictionary<string, string[][]> Floors = new(StringComparer.Ordinal)
    {
        ["KafkaCompat.Storage"] =
        [
            ["Files"],
            ["Checkpoints"],
            ["Segments"],
            ["Producers"],
            ["Logs"],
            ["Directories"],
        ],
        ["KafkaCompat.Cluster"] =
        [
            ["Metadata", "Security"],
            ["Machines"],
            ["Quorum"],
            ["Controller", "Groups", "Replication"],
        ],
        ["KafkaCompat.Broker"] =
        [
            ["Loops", "Logging", "Peers"],
            ["Configs", "Quorum"],
            ["Metadata"],
            ["Dispatch", "Partitions"],
            ["Coordination", "Fetching", "Telemetry", "Metrics"],
            ["Controller", "Quotas"],
            [
                "Connections", "Handlers/Cluster", "Handlers/Configs", "Handlers/Data", "Handlers/Groups", "Handlers/Quorum", "Handlers/Security",
                "Handlers/Topics",
                "Handlers/Transactions",
            ],
            ["Node"],
        ],
        ["KafkaCompat.Server"] =
        [
            ["Logging", "Transport", "Decode"],
            ["Settings", "Surroundings"],
            ["Listeners"],
            ["Http"],
            ["Hosting"],
            ["CommandLine"],
            ["."],
        ],
        ["KafkaCompat.Testing"] =
        [
            ["Faults", "Files"],
            ["Contracts"],
            ["Hosting"],
            ["."],
        ],
    };

    public static TheoryData<string> Assemblies =>
        [.. Repository.CSharp("src").Select(file => file.Split('/')[1]).Distinct().Where(name => !name.EndsWith(".Generator", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void No_folders_of_an_assembly_import_each_other_in_a_circle(string assembly)
    {
        var graph = FolderGraph.Of(assembly);
        output.WriteLine(graph.ToString());
        var settled = graph.Floors().SelectMany(floor => floor).ToHashSet(StringComparer.Ordinal);
        Findings.None(graph.Arrows.Where(arrow => !settled.Contains(arrow.Key.From) && !settled.Contains(arrow.Key.To)).Select(Line));
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void A_folder_imports_only_what_stands_below_it(string assembly)
    {
        if (!Floors.TryGetValue(assembly, out var floors))
            return;
        var graph = FolderGraph.Of(assembly);
        var height = floors.SelectMany((floor, index) => floor.Select(folder => (folder, index)))
            .ToDictionary(row => row.folder, row => row.index, StringComparer.Ordinal);
        Findings.None(graph.Folders.Where(folder => !height.ContainsKey(folder)).Select(folder => $"{assembly}/{folder} is on no floor"));
        Findings.None(graph.Arrows.Where(arrow => height[arrow.Key.From] <= height[arrow.Key.To]).Select(Line));
    }

    /// <summary>What a user of the test package names stands in one namespace, whatever its folder.</summary>
    [Fact]
    public void A_type_stands_in_the_namespace_of_its_folder() => Findings.None(
        from assembly in Floors.Keys.Except(["KafkaCompat.Testing"])
        from file in Repository.CSharp($"src/{assembly}")
        let space = string.Join('.', Path.GetDirectoryName(file)!["src/".Length..].Replace('\\', '/').Split('/'))
        where !Repository.Text(file).Contains($"\nnamespace {space};", StringComparison.Ordinal)
            && !Repository.Text(file).StartsWith($"namespace {space};", StringComparison.Ordinal)
        select file);

    [Theory]
    [InlineData("using A.Below;\nnamespace A.Above;\nclass Upper;", "Above -> Below: Upper.cs")]
    [InlineData("using static A.Below.Lower;\nnamespace A.Above;\nclass Upper;", "Above -> Below: Upper.cs")]
    [InlineData("using Other = A.Below.Lower;\nnamespace A.Above;\nclass Upper;", "Above -> Below: Upper.cs")]
    [InlineData("namespace A.Above;\nclass Upper(Root root);", "Above -> .: Upper.cs")]
    [InlineData("namespace A.Above;\nclass Upper(string text = \"Root\"); // Root", null)]
    public void An_arrow_is_found_by_a_using_and_by_the_name_of_a_type_that_needs_none(string upper, string? arrow)
    {
        var graph = FolderGraph.Of("A",
            [("src/A/Root.cs", "namespace A;\ninternal class Root;"), ("src/A/Below/Lower.cs", "namespace A.Below;\ninternal class Lower;"),
            ("src/A/Above/Upper.cs", upper)]);
        Assert.Equal(arrow is null ? [] : [arrow], graph.Arrows.Select(Line));
    }

    [Fact]
    public void Folders_of_a_circle_are_on_no_floor()
    {
        var graph = FolderGraph.Of("A",
            [("src/A/One/B.cs", "using A.Two;\nnamespace A.One;"), ("src/A/Two/C.cs", "using A.One;\nnamespace A.Two;"),
            ("src/A/Three/D.cs", "namespace A.Three;")]);
        Assert.Equal(["Three"], graph.Floors().SelectMany(static floor => floor));
    }

    private static string Line(KeyValuePair<(string From, string To), SortedSet<string>> arrow) =>
        $"{arrow.Key.From} -> {arrow.Key.To}: {string.Join(", ", arrow.Value)}";
}
