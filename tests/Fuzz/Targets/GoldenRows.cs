using System.Globalization;
using System.Reflection;

namespace KafkaCompat.Fuzz.Targets;

/// <summary>A message that Apache Kafka wrote.</summary>
internal sealed record GoldenBytes(string Folder, string Schema, short Version, byte[] Bytes, byte[] Framed);

/// <summary>What Apache Kafka wrote, to start from: the reference's folder where it is there, else what is checked in.</summary>
internal static class GoldenRows
{
    private static readonly string[] Folders = ["clients", "metadata", "group", "transaction", "share", "raft", "storage"];

    private static readonly string RepositoryRoot = typeof(GoldenRows).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(static a => a.Key == "RepositoryRoot").Value!;

    /// <summary>The folder of the reference's vectors; it need not exist.</summary>
    public static string Reference { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("KAFKA_REFERENCE") is { Length: > 0 } named
            ? named
            : Path.Combine(RepositoryRoot, "..", "shared", "kafka-4.4"), "golden");

    /// <summary>The repository's folder with inputs that were findings once.</summary>
    public static string Regressions { get; } = Path.Combine(RepositoryRoot, "tests", "Fuzz", "Regressions");

    /// <summary>Where findings are written unless told otherwise.</summary>
    public static string Findings { get; } = Path.Combine(RepositoryRoot, "artifacts", "fuzz");

    public static IEnumerable<GoldenBytes> All()
    {
        var root = Directory.Exists(Path.Combine(Reference, "clients")) ? Reference : Path.Combine(RepositoryRoot, "tests", "Protocol", "Golden", "vectors");
        foreach (var folder in Folders)
        {
            foreach (var path in Directory.EnumerateFiles(Path.Combine(root, folder), "*.tsv").Order(StringComparer.Ordinal))
            {
                var file = Path.GetFileNameWithoutExtension(path);
                var schema = folder == "clients" ? file[(file.IndexOf('-', StringComparison.Ordinal) + 1)..] : file;
                foreach (var cells in File.ReadLines(path).Skip(1).Select(static line => line.Split('\t')))
                {
                    yield return new GoldenBytes(folder, schema, short.Parse(cells[0], CultureInfo.InvariantCulture), Convert.FromHexString(cells[2]),
                        Convert.FromHexString(cells[6]));
                }
            }
        }
    }

    /// <summary>The batches of the reference's tables that are there whole, sound and not.</summary>
    public static IEnumerable<byte[]> Batches()
    {
        foreach (var file in (string[])["batches.tsv", "invalid.tsv"])
        {
            var path = Path.Combine(Reference, "batches", file);
            if (!File.Exists(path))
            {
                continue;
            }

            var columns = File.ReadLines(path).First().Split('\t');
            var column = Array.FindIndex(columns, static name => name is "records" or "bytes" or "hex");
            foreach (var cell in File.ReadLines(path).Skip(1).Select(line => line.Split('\t')[column]))
            {
                if (cell.Length > 0 && cell.All(char.IsAsciiHexDigit) && cell.Length % 2 == 0)
                {
                    yield return Convert.FromHexString(cell);
                }
            }
        }
    }
}
