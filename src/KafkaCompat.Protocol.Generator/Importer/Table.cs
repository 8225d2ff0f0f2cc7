namespace KafkaCompat.Protocol.Importer;

/// <summary>A tab separated table with a header line.</summary>
internal static class Table
{
    public static IEnumerable<IReadOnlyDictionary<string, string>> Read(string path)
    {
        var lines = File.ReadAllLines(path);
        var columns = lines[0].Split('\t');
        foreach (var line in lines.Skip(1))
        {
            var cells = line.Split('\t');
            yield return columns.Select((c, i) => (c, cell: i < cells.Length ? cells[i] : "")).ToDictionary(p => p.c, p => p.cell);
        }
    }
}
