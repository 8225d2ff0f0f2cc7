using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Protocol.Tests.Golden;

/// <summary>Golden rows to start from: the reference's where it is there, else those checked in.</summary>
internal static class GoldenCorpus
{
    private static readonly string[] Folders = ["clients", "metadata", "group", "transaction", "share", "raft", "storage"];

    public static string CheckedIn => Path.Combine(KafkaReference.RepositoryRoot, "tests", "Protocol", "Golden", "vectors");

    public static IEnumerable<(Type Type, GoldenRow Row)> Rows()
    {
        var root = Directory.Exists(Path.Combine(KafkaReference.Folder, "golden", "clients")) ? Path.Combine(KafkaReference.Folder, "golden") : CheckedIn;
        foreach (var folder in Folders)
        {
            foreach (var path in Directory.GetFiles(Path.Combine(root, folder), "*.tsv").Order(StringComparer.Ordinal))
            {
                foreach (var row in GoldenRow.Load(path))
                {
                    yield return (MessageTypes.Find(row.Folder, row.Schema)!, row);
                }
            }
        }
    }
}
