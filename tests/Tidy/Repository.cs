using System.Text.RegularExpressions;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Tidy.Tests;

/// <summary>The repository's own files as the Tidy tests see them: what people wrote, without build outputs and installed packages.</summary>
internal static partial class Repository
{
    private static readonly HashSet<string> OutputFolders =
        ["bin", "obj", "node_modules", "TestResults", "artifacts", "data", "__pycache__", "BenchmarkDotNet.Artifacts", ".git"];

    /// <summary>The top folder.</summary>
    public static string Root { get; } = Path.GetFullPath(KafkaReference.RepositoryRoot);

    /// <summary>Every file, as a path from the top with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root).Order(StringComparer.Ordinal)];

    /// <summary>Every C# file of the folders named.</summary>
    public static IEnumerable<string> CSharp(params string[] folders) =>
        Files.Where(f => f.EndsWith(".cs", StringComparison.Ordinal) && folders.Any(folder => f.StartsWith(folder + "/", StringComparison.Ordinal)));

    /// <summary>A file's text.</summary>
    public static string Text(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>Whether a file or folder is there.</summary>
    public static bool Exists(string path) => Path.Exists(Path.Combine(Root, path));

    /// <summary>`file:line: text` of every line that matches.</summary>
    public static IEnumerable<string> Matches(IEnumerable<string> files, Regex pattern) =>
        from file in files
        from numbered in File.ReadLines(Path.Combine(Root, file)).Select((line, index) => (line, index))
        where pattern.IsMatch(numbered.line)
        select $"{file}:{numbered.index + 1}: {numbered.line.Trim()}";

    /// <summary>The API keys that handlers serve, with their versions, as their attributes say it.</summary>
    public static IReadOnlyList<ServedKey> Served { get; } =
    [
        .. from file in CSharp("src")
           from Match match in ServesAttribute().Matches(Text(file))
           let listeners = match.Groups["listeners"] is { Success: true } named ? named.Value.Replace("ApiListeners.", "", StringComparison.Ordinal) : "Broker"
           select new ServedKey(match.Groups["key"].Value, match.Groups["min"].Value, match.Groups["max"].Value, listeners, file),
    ];

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
        }

        foreach (var inner in Directory.EnumerateDirectories(folder).Where(d => !OutputFolders.Contains(Path.GetFileName(d))))
        {
            foreach (var file in Walk(inner))
            {
                yield return file;
            }
        }
    }

    [GeneratedRegex(@"^\[Serves\(ApiKey\.(?<key>\w+), *(?<min>\d+), *(?<max>\d+)(?:, *(?<listeners>ApiListeners\.[\w.| ]+))?\)\]", RegexOptions.Multiline)]
    private static partial Regex ServesAttribute();
}
