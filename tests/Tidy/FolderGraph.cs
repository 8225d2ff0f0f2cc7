using System.Text.RegularExpressions;

namespace KafkaCompat.Tidy.Tests;

/// <summary>
/// Which folder of an assembly uses which. Unused usings are errors of the build, so a using is an arrow; a type of an enclosing namespace needs none and is
/// found by its name.
/// </summary>
internal sealed partial class FolderGraph
{
    private readonly SortedDictionary<(string From, string To), SortedSet<string>> _arrows = [];

    private FolderGraph(string assembly) => Assembly = assembly;

    public string Assembly { get; }

    /// <summary>Every folder that holds source, as a path within the assembly; <c>.</c> is the assembly's own.</summary>
    public SortedSet<string> Folders { get; } = new(StringComparer.Ordinal);

    /// <summary>Each arrow with the files that draw it.</summary>
    public IReadOnlyDictionary<(string From, string To), SortedSet<string>> Arrows => _arrows;

    /// <summary>The graph of an assembly of this repository.</summary>
    public static FolderGraph Of(string assembly) => Of(assembly, Repository.CSharp($"src/{assembly}").Select(file => (file, Repository.Text(file))));

    /// <summary>The graph of files, whose paths begin with <c>src/</c> and the assembly's name.</summary>
    public static FolderGraph Of(string assembly, IEnumerable<(string File, string Text)> files)
    {
        var graph = new FolderGraph(assembly);
        var rooms = files.Select(file => new Room(file.File, FolderOf(assembly, file.File), file.Text)).ToList();
        var types = (from room in rooms
                     from Match type in TypeName().Matches(room.Text)
                     group room.Folder by (Space: room.Namespace, Name: type.Groups["name"].Value) into held
                     select (held.Key.Space, held.Key.Name, Folder: held.First())).ToLookup(type => type.Space);
        var folders = rooms.GroupBy(room => room.Namespace).ToDictionary(group => group.Key, group => group.Select(room => room.Folder).Distinct().ToList());
        foreach (var room in rooms)
        {
            graph.Folders.Add(room.Folder);
            foreach (Match import in Import().Matches(room.Text))
            {
                foreach (var folder in folders.GetValueOrDefault(import.Groups["space"].Value, []))
                    graph.Add(room, folder);
            }
            var words = Word().Matches(Code(room.Text)).Select(word => word.Value).ToHashSet(StringComparer.Ordinal);
            foreach (var space in folders.Keys.Where(space => room.Namespace == space || room.Namespace.StartsWith(space + ".", StringComparison.Ordinal)))
            {
                foreach (var type in types[space].Where(type => words.Contains(type.Name)))
                    graph.Add(room, type.Folder);
            }
        }
        return graph;
    }

    /// <summary>The folders from the ground up: each floor imports only what stands below it. A circle leaves its folders out.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Floors()
    {
        var floors = new List<IReadOnlyList<string>>();
        var left = new SortedSet<string>(Folders, StringComparer.Ordinal);
        while (left.Where(folder => !_arrows.Keys.Any(arrow => arrow.From == folder && left.Contains(arrow.To))).ToList() is { Count: > 0 } floor)
        {
            floors.Add(floor);
            left.ExceptWith(floor);
        }
        return floors;
    }

    /// <summary>A line a floor, the highest first, and under each folder what it imports.</summary>
    public override string ToString()
    {
        var lines = new List<string> { Assembly };
        var floors = Floors();
        for (var i = floors.Count - 1; i >= 0; i--)
        {
            lines.Add($"  {i + 1}  {string.Join("  ", floors[i])}");
            lines.AddRange(floors[i].Select(folder => (folder, to: _arrows.Keys.Where(arrow => arrow.From == folder).Select(arrow => arrow.To)))
                .Where(row => row.to.Any()).Select(row => $"       {row.folder} -> {string.Join(", ", row.to)}"));
        }
        return string.Join('\n', lines);
    }

    private static string FolderOf(string assembly, string file)
    {
        var folder = Path.GetDirectoryName(file[$"src/{assembly}/".Length..])!.Replace('\\', '/');
        return folder.Length == 0 ? "." : folder;
    }

    private static string Code(string text) => Text().Replace(Comment().Replace(text, ""), "\"\"");

    private void Add(Room room, string to)
    {
        if (room.Folder == to)
            return;
        if (!_arrows.TryGetValue((room.Folder, to), out var files))
            _arrows[(room.Folder, to)] = files = new(StringComparer.Ordinal);
        files.Add(Path.GetFileName(room.File));
    }

    /// <summary>Of a namespace, of a static class, or a name for a type.</summary>
    [GeneratedRegex(@"^using (?:(?<space>[\w.]+)|(?:static |\w+ = )(?<space>[\w.]+)\.\w+);", RegexOptions.Multiline)]
    private static partial Regex Import();

    [GeneratedRegex(@"^namespace (?<space>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^(?:public |internal )(?:[\w]+ )*(?:class|struct|enum|interface|record struct|record|delegate [\w<>\[\]?, .]+?)\s+(?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex TypeName();

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    /// <summary>A literal without expressions in it.</summary>
    [GeneratedRegex(@"(?<![$@""])""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex Text();

    [GeneratedRegex(@"\b\w+\b")]
    private static partial Regex Word();

    private sealed record Room(string File, string Folder, string Text)
    {
        public string Namespace { get; } = FolderGraph.Namespace().Match(Text).Groups["space"].Value;
    }
}
