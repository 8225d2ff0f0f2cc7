using System.Reflection;
using Xunit;

namespace KafkaCompat.Tests.Shared;

/// <summary>
/// The folder with facts taken out of Apache Kafka: schemas, tables, golden bytes, data directories. It is named by KAFKA_REFERENCE, else it is
/// shared/kafka-4.4 beside the repository. Tests that need it skip with the reason where it is absent.
/// </summary>
internal static class KafkaReference
{
    /// <summary>The root of the repository this test assembly was built from.</summary>
    public static string RepositoryRoot { get; } = typeof(KafkaReference).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(a => a.Key == "RepositoryRoot")?.Value ?? AppContext.BaseDirectory;

    /// <summary>The reference folder, whether it exists or not.</summary>
    public static string Folder { get; } = Environment.GetEnvironmentVariable("KAFKA_REFERENCE") is { Length: > 0 } named
        ? Path.GetFullPath(named)
        : Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared", "kafka-4.4"));

    /// <summary>Whether the reference folder is there.</summary>
    public static bool IsPresent => Directory.Exists(Folder);

    /// <summary>Skips the running test when <paramref name="relative"/> is not in the reference folder; else its full path.</summary>
    public static string Require(params string[] relative)
    {
        var path = Path.Combine([Folder, .. relative]);
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            Assert.Skip($"{path} is absent. Set KAFKA_REFERENCE to a folder of Apache Kafka's reference data.");
        }

        return path;
    }

    /// <summary>The rows of a tab separated table with a header line, each as column name to cell.</summary>
    public static IEnumerable<IReadOnlyDictionary<string, string>> Table(params string[] relative)
    {
        using var lines = File.ReadLines(Require(relative)).GetEnumerator();
        if (!lines.MoveNext())
        {
            yield break;
        }

        var columns = lines.Current.Split('\t');
        while (lines.MoveNext())
        {
            var cells = lines.Current.Split('\t');
            var row = new Dictionary<string, string>(columns.Length, StringComparer.Ordinal);
            for (var i = 0; i < columns.Length; i++)
            {
                row[columns[i]] = i < cells.Length ? cells[i] : "";
            }

            yield return row;
        }
    }
}
