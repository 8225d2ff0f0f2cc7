namespace KafkaCompat.Protocol.Importer;

/// <summary>A tab separated table with a header line.</summary>
internal static class Table
{
    public static IEnumerable<IReadOnlyDictionary<string, string>> Read(string path)
    {
        string[] lines = File.ReadAllLines(path);
        string[] columns = lines[0].Split('\t');
        foreach (string line in lines.Skip(1))
        {
            string[] cells = line.Split('\t');
            yield return columns.Select((c, i) => (c, cell: i < cells.Length ? cells[i] : "")).ToDictionary(p => p.c, p => p.cell);
        }
    }
}
