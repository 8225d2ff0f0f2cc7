using System.IO.Compression;
using System.Text;
using Xunit;

namespace KafkaCompat.Tests.Shared;

/// <summary>
/// Apache Kafka's verdicts over some thousand small files of a log directory: what it reads out of each, or that it refuses. compat-tests/small-files made
/// them.
/// </summary>
internal static class SmallFileVerdicts
{
    public const string Refused = "refused";

    /// <summary>
    /// Compares a reader of ours with Kafka over all files of a kind. What it may say otherwise, with its reason, stands in <paramref name="mayDiffer"/>:
    /// content, Kafka's verdict, ours.
    /// </summary>
    public static void Compare(string kind, Func<byte[], string> ours, Func<string, string, string, bool>? mayDiffer = null)
    {
        var (compared, wrong) = (0, new List<string>());
        using var lines =
            new StreamReader(new GZipStream(typeof(SmallFileVerdicts).Assembly.GetManifestResourceStream("small-files.tsv.gz")!, CompressionMode.Decompress));
        while (lines.ReadLine() is { } line)
        {
            var cells = line.Split('\t');
            if (cells[0] != kind) continue;
            compared++;
            var content = Convert.FromBase64String(cells[2]);
            var verdict = ours(content);
            var text = Encoding.UTF8.GetString(content);
            if (verdict != cells[1] && mayDiffer?.Invoke(text, cells[1], verdict) != true)
                wrong.Add($"Kafka: {cells[1]}; ours: {verdict}; content: {Shown(text)}");
        }

        Assert.NotEqual(0, compared);
        Assert.True(wrong.Count == 0,
            $"{wrong.Count} of {compared} files of kind {kind} are read otherwise than Kafka reads them:\n{string.Join('\n', wrong.Take(60))}");
    }

    /// <summary>A text within a verdict.</summary>
    public static string Text(string value) => Convert.ToBase64String(Encoding.UTF8.GetBytes(value));

    private static string Shown(string text) =>
        text.Replace("\n", "⏎", StringComparison.Ordinal).Replace("\r", "␍", StringComparison.Ordinal).Replace("\0", "␀", StringComparison.Ordinal)
        .Replace("\t", "␉", StringComparison.Ordinal);
}
