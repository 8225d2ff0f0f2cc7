using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Golden;

/// <summary>Every message that Apache Kafka wrote reads as what it means and writes back to the same bytes.</summary>
public class GoldenVectorTests
{
    private static readonly string[] Folders = ["clients", "metadata", "group", "transaction", "share", "raft", "storage"];

    private static string CheckedIn => GoldenCorpus.CheckedIn;

    /// <summary>The files of the reference folder; one row that skips where there is none.</summary>
    public static TheoryData<string> ReferenceFiles() => Files(Path.Combine(KafkaReference.Folder, "golden"));

    public static TheoryData<string> CheckedInFiles() => Files(CheckedIn);

    [Theory]
    [MemberData(nameof(ReferenceFiles))]
    public void Reads_and_writes_what_Kafka_wrote(string file) => Check(KafkaReference.Require("golden", file));

    [Theory]
    [MemberData(nameof(CheckedInFiles))]
    public void Reads_and_writes_the_vectors_checked_in(string file) => Check(Path.Combine(CheckedIn, file));

    private static TheoryData<string> Files(string root)
    {
        var data = new TheoryData<string>();
        foreach (var folder in Folders.Where(f => Directory.Exists(Path.Combine(root, f))))
        {
            foreach (var name in Directory.GetFiles(Path.Combine(root, folder), "*.tsv").Select(Path.GetFileName).OfType<string>()
                .Order(StringComparer.Ordinal))
            {
                data.Add(Path.Combine(folder, name));
            }
        }

        if (!data.Any())
        {
            data.Add("clients");
        }

        return data;
    }

    private static void Check(string path)
    {
        var rows = GoldenRow.Load(path).ToList();
        Assert.NotEmpty(rows);
        var type = MessageTypes.Find(rows[0].Folder, rows[0].Schema);
        Assert.True(type is not null, $"no class is generated for {rows[0].Folder}/{rows[0].Schema}");
        var read = MessageTypes.Reader(type);
        var wrong = new List<string>();
        foreach (var row in rows)
        {
            try
            {
                wrong.AddRange(row.Check(read));
            }
            catch (Exception e) when (e is WireFormatException or InvalidOperationException or ArgumentException or NullReferenceException)
            {
                wrong.Add($"{row}: {e}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} faults in {rows.Count} vectors, the first:\n{string.Join('\n', wrong.Take(3))}");
    }
}
