using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace KafkaCompat.Server.Tests.Http;

/// <summary>Reads Prometheus' text format as strictly as Prometheus does: a metric's head before its series, all of them together, none twice.</summary>
internal sealed partial class Exposition
{
    private readonly Dictionary<string, double> _series = new(StringComparer.Ordinal);

    public Dictionary<string, string> Types { get; } = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Series => _series.Keys;

    /// <summary>The value of a series, written as it is there.</summary>
    public double this[string series] =>
        _series.TryGetValue(series, out var value) ? value : throw new KeyNotFoundException($"{series} is not among\n{string.Join('\n', _series.Keys)}");

    public static Exposition Parse(string text)
    {
        var exposition = new Exposition();
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var current = "";
        foreach (var line in text.Split('\n')[..^1])
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal)) continue;
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var words = line.Split(' ');
                Assert.Equal(4, words.Length);
                current = words[2];
                Assert.True(exposition.Types.TryAdd(current, words[3]), $"{current} comes twice");
                continue;
            }
            var match = Sample().Match(line);
            Assert.True(match.Success, $"not a series: {line}");
            var name = match.Groups["name"].Value;
            var isPart = exposition.Types[current] == "histogram" && name[current.Length..] is "_bucket" or "_sum" or "_count";
            Assert.True(name == current || isPart, $"{name} stands under {current}");
            var labels = Label().Matches(match.Groups["labels"].Value).Select(static label => label.Groups["name"].Value).ToList();
            Assert.Equal(labels.Distinct(), labels);
            Assert.True(exposition._series.TryAdd(match.Groups["series"].Value, double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)),
                $"twice: {line}");
        }
        return exposition;
    }

    [GeneratedRegex("""^(?<series>(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?<labels>\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (?<value>\S+)$""")]
    private static partial Regex Sample();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\]|\\.)*"[,}]""")]
    private static partial Regex Label();
}
