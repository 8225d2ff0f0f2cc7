using System.Xml.Linq;
using Xunit;

namespace KafkaCompat.Tidy.Tests;

/// <summary>Arrows point only downward: Testing → Server → Broker → {Storage, Cluster} → Protocol, and Storage and Cluster never see each other.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["KafkaCompat.Protocol.Generator"] = [],
        // A tool for the day when Kafka's schemas change; nothing refers to it.
        ["KafkaCompat.Protocol.Importer"] = ["KafkaCompat.Protocol.Generator"],
        ["KafkaCompat.Protocol"] = ["KafkaCompat.Protocol.Generator"],
        ["KafkaCompat.Storage"] = ["KafkaCompat.Protocol"],
        // The generator is there for the dispatch tables alone, an analyzer and no reference at run time.
        ["KafkaCompat.Cluster"] = ["KafkaCompat.Protocol.Generator", "KafkaCompat.Protocol"],
        ["KafkaCompat.Broker"] = ["KafkaCompat.Protocol.Generator", "KafkaCompat.Protocol", "KafkaCompat.Storage", "KafkaCompat.Cluster"],
        ["KafkaCompat.Server"] = ["KafkaCompat.Broker"],
        // What a test process gets: the program's own parts, nothing beside them.
        ["KafkaCompat.Testing"] = ["KafkaCompat.Server"],
    };

    /// <summary>The packages that a project of the program may bring: dependencies are few, and README.md says why each is here.</summary>
    private static readonly Dictionary<string, string[]> Packages = new(StringComparer.Ordinal)
    {
        ["KafkaCompat.Protocol.Generator"] = ["Microsoft.CodeAnalysis.CSharp"],
        ["KafkaCompat.Protocol"] = ["K4os.Compression.LZ4", "K4os.Compression.LZ4.Streams", "Snappier", "ZstdSharp.Port"],
        ["KafkaCompat.Storage"] = [],
        ["KafkaCompat.Cluster"] = [],
        ["KafkaCompat.Broker"] = ["Microsoft.AspNetCore.Connections.Abstractions", "Microsoft.Extensions.Logging.Abstractions"],
        ["KafkaCompat.Server"] =
            ["Microsoft.AspNetCore.Connections.Abstractions", "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Logging.Console"],
    };

    public static TheoryData<string> Projects =>
        [.. Repository.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".csproj", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_what_lies_below_it(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        var references = Included(project, "ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Replace('\\', '/')));
        Assert.True(Allowed.TryGetValue(name, out var allowed),
            $"{project} is new: a new assembly must bring a rule that needs enforcing. Name it in {nameof(ArrowTests)}.");
        Findings.None(references.Except(allowed));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_brings_only_the_packages_settled_for_it(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Findings.None(Included(project, "PackageReference").Except(Packages.GetValueOrDefault(name, [])));
    }

    [Fact]
    public void Every_assembly_says_what_it_bans() =>
        Findings.None(Projects.Select(row => Path.GetDirectoryName(row.Data)!)
            .Where(folder => !folder.Contains("KafkaCompat.Protocol.Generator", StringComparison.Ordinal)
                && !folder.EndsWith(".Server", StringComparison.Ordinal))
            .Where(folder => !Repository.Exists($"{folder}/BannedSymbols.txt")));

    private static IEnumerable<string> Included(string project, string element) =>
        XDocument.Parse(Repository.Text(project)).Descendants(element).Select(e => e.Attribute("Include")?.Value).OfType<string>();
}
