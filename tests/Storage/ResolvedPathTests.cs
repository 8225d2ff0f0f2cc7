using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>Where a path leads: the same for every path to one place, whether or not there is anything yet.</summary>
public sealed class ResolvedPathTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-resolve-");
    private readonly DiskFileStore _files = new();

    [Theory]
    [InlineData("a/b", "a/b")]
    [InlineData("a/b/", "a/b")]
    [InlineData("a/./b/../c", "a/c")]
    [InlineData("relative/x", "a/x")]
    [InlineData("up/x", "x")]
    [InlineData("whole/x/y", "a/x/y")]
    [InlineData("chain", "a")]
    [InlineData("dangling/x", "none/x")]
    [InlineData("a/out", "b/c")]
    [InlineData("circle/x", "circle/x")]
    public void Links_and_dots_are_followed(string path, string expected)
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "a"));
        foreach (var (link, target) in (ReadOnlySpan<(string, string)>)
        [
            ("relative", "a"), ("up", "./a/.."), ("whole", Path.Combine(_folder.FullName, "a")), ("chain", "relative/"), ("dangling", "none"),
            ("a/out", "../b//c"), ("circle", "elcric"), ("elcric", "circle"),
        ])
        {
            Directory.CreateSymbolicLink(Path.Combine(_folder.FullName, link), target);
        }
        // The folder for temporary files may lie behind a link itself; a circle is left as it is written.
        var root = path.StartsWith("circle", StringComparison.Ordinal) ? _folder.FullName : _files.Resolve(_folder.FullName);
        Assert.Equal(Path.Combine(root, expected), _files.Resolve(Path.Combine(_folder.FullName, path)));
    }

    [Fact]
    public void The_root_leads_to_itself() => Assert.Equal(Path.GetPathRoot(_folder.FullName), _files.Resolve(Path.GetPathRoot(_folder.FullName)!));

    public void Dispose() => _folder.Delete(recursive: true);
}
